/** A clock that a real process sees instead of the machine's, through libfaketime. */
export class SettableClock implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    /** What the process is started with. */
    readonly env: Record<string, string>,
  ) {}

  static async make(): Promise<SettableClock> {
    const folder = await Deno.makeTempDir({ prefix: "clock-" });
    // The program knows where its library is, and how a process is made to load it.
    const { stdout } = await new Deno.Command("faketime", { args: ["-f", "+0", "env"] }).output();
    const preload = /^(LD_PRELOAD|DYLD_INSERT_LIBRARIES)=(.+)$/m.exec(
      new TextDecoder().decode(stdout),
    );
    if (!preload) throw new Error("faketime names no library to load");
    const clock = new SettableClock(folder, {
      [preload[1]!]: preload[2]!,
      FAKETIME_TIMESTAMP_FILE: `${folder}/offset`,
      FAKETIME_NO_CACHE: "1",
      // As when somebody sets the clock: durations go on evenly.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    });
    await clock.set(0);
    return clock;
  }

  /** Sets it so many seconds after (or before) the machine's. */
  async set(offsetSeconds: number): Promise<void> {
    const text = `${offsetSeconds < 0 ? "" : "+"}${offsetSeconds}\n`;
    await Deno.writeTextFile(`${this.folder}/next`, text);
    await Deno.rename(`${this.folder}/next`, `${this.folder}/offset`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
