/** Weak signals about a message: hints for reports, never grounds for a decision. */
export interface Signals {
  /** ISO 639-1 code; `und` where the text is too short or nothing fits reliably. */
  language: string;
  /** −1 to 1; absent unless the text is English or too short to tell. */
  sentiment?: number;
}

/** Below this many characters every guess at a language is a coin toss. */
const MIN_LANGUAGE_LENGTH = 20;
/** Longer messages are judged by their beginning. */
const MAX_READ_LENGTH = 2_000;

export type SignalReader = (message: string) => Signals;

let loading: Promise<SignalReader> | undefined;

/** Loads the word lists (some 80 MB of memory, hence on first use) and returns the reader. */
export function loadSignalReader(): Promise<SignalReader> {
  return loading ??= load();
}

async function load(): Promise<SignalReader> {
  const [{ eld }, { default: vader }] = await Promise.all([
    import("eld/extrasmall"),
    import("vader-sentiment"),
  ]);
  return (message) => {
    const text = message.slice(0, MAX_READ_LENGTH);
    const detected = text.trim().length < MIN_LANGUAGE_LENGTH ? undefined : eld.detect(text);
    const language = detected?.isReliable() ? detected.language || "und" : "und";
    if (language !== "en" && language !== "und") return { language };
    const sentiment = vader.SentimentIntensityAnalyzer.polarity_scores(text).compound;
    return { language, sentiment };
  };
}
