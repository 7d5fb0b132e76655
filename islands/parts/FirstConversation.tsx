import { CopyText } from "./CopyText.tsx";
import { firstCommands } from "./first_commands.ts";
import { Prose } from "./pieces.tsx";
import { FIRST as T } from "./texts.ts";

/** What an installation without conversations shows instead of zeros: how to have the first. */
export function FirstConversation({ origin }: { origin: string }) {
  const { teach, ask } = firstCommands(origin);
  return (
    <section class="panel first" aria-label={T.label}>
      <header>
        <h2>{T.title}</h2>
      </header>
      <p>
        <Prose parts={T.how} />
      </p>
      <ol>
        <li>
          <CopyText title={T.teach} text={teach} what={T.teachCommand} />
        </li>
        <li>
          <CopyText title={T.ask} text={ask} what={T.askCommand} />
        </li>
      </ol>
    </section>
  );
}
