import type { Random } from "./random.ts";

const FIRST = (
  "ada amir anna ben carla chen dana david elif emma felix fatima george hana ivan jonas julia " +
  "karim lea liam maya mila nadia noah olga omar paul priya rosa sam sofia tariq theo uma viktor yuki"
).split(" ");
const LAST = (
  "abbott bauer castillo dogan eriksson fischer garcia haddad ito jansen kaya lopez meyer nowak " +
  "okafor patel quinn rossi santos tanaka ueda vogel wagner xu yilmaz zimmer"
).split(" ");

/** New faces: every so often, and never fewer than this share of conversations. */
const NEW_AT_FIRST = 0.8;
const NEW_LATER = 0.18;

/** The people of the demo's city, and which bots each of them has talked to. */
export class People {
  readonly #known = new Map<string, string[]>();

  constructor(private readonly random: Random) {}

  /** Somebody who talks to this bot now: more often one who came back than a new face. */
  someone(botId: string): string {
    const known = this.#known.get(botId) ?? [];
    this.#known.set(botId, known);
    const share = Math.max(NEW_LATER, NEW_AT_FIRST / (1 + known.length / 40));
    if (known.length === 0 || this.random.chance(share)) {
      const name = this.#name();
      if (!known.includes(name)) known.push(name);
      return name;
    }
    // Who came lately is likelier to come again.
    return known[Math.floor(known.length * (1 - this.random.next() ** 2))] ?? known[0]!;
  }

  #name(): string {
    return `${this.random.pick(FIRST)}.${this.random.pick(LAST)}`;
  }
}
