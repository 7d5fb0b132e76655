import { useRef, useState } from "preact/hooks";
import { type FilterChoices, suggestions } from "./parts/task_filter.ts";
import { TASKS as T } from "./parts/texts.ts";

interface TaskFilterProps extends FilterChoices {
  text: string;
}

/** One line for every filter; it completes fields and what they can be. */
export default function TaskFilter({ text, ...choices }: TaskFilterProps) {
  const [value, setValue] = useState(text);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const offered = open ? suggestions(value, choices) : [];
  const take = (suggestion: string) => {
    setValue(suggestion.endsWith(":") ? suggestion : `${suggestion} `);
    setAt(-1);
    field.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && offered.length > 0) setOpen(false);
    else if (offered.length > 0 && event.key === "ArrowDown") setAt((at + 1) % offered.length);
    else if (offered.length > 0 && event.key === "ArrowUp") {
      setAt((at <= 0 ? offered.length : at) - 1);
    } else if (event.key === "Enter" && offered[at]) take(offered[at]!);
    else return;
    event.preventDefault();
  };
  return (
    <form class="filters" method="get" action="/tasks" role="search" id="search">
      <div class="combo">
        <input
          ref={field}
          name="filter"
          type="search"
          value={value}
          maxLength={400}
          placeholder={T.filterHint}
          aria-label={T.filter}
          autocomplete="off"
          spellcheck={false}
          list={undefined}
          role="combobox"
          aria-expanded={offered.length > 0}
          aria-controls="filter-offers"
          aria-autocomplete="list"
          aria-activedescendant={offered[at] ? `offer-${at}` : undefined}
          onInput={(event) => {
            setValue(event.currentTarget.value);
            setOpen(true);
            setAt(-1);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKey}
        />
        <ul id="filter-offers" role="listbox" aria-label={T.offers} hidden={offered.length === 0}>
          {offered.map((offer, index) => (
            <li
              key={offer}
              id={`offer-${index}`}
              role="option"
              aria-selected={index === at}
              onPointerDown={(event) => {
                event.preventDefault();
                take(offer);
              }}
            >
              {offer.slice(offer.lastIndexOf(" ") + 1)}
            </li>
          ))}
        </ul>
      </div>
      <button type="submit" class="button">{T.filterGo}</button>
    </form>
  );
}
