/** Words that carry little meaning of their own; they count less in a match. */
const STOP_WORDS = new Set(
  ("a an the i my is it its to of in on for and do does did can could would should you your me am " +
    "are was were be been have has had this that what how why when where which who will with at " +
    "by from as or if not there im ive id please").split(" "),
);

/**
 * The text as matching sees it: NFKC, lower case, Latin accents and apostrophes dropped, anything
 * that is not a letter, mark or digit a single space. Han and kana characters stand as words of
 * their own, because nothing separates words there. Idempotent.
 */
export function normaliseText(text: string): string {
  return text.normalize("NFKC").toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC")
    .replace(/['’‘`´ʼ]/g, "")
    .replace(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu, " $& ")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
}

/** Whether a normalised word is too common to tell messages apart. */
export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

/** A light stem: the commonest English endings go, short words stay as they are. */
export function stem(word: string): string {
  return word.length > 4 ? word.replace(/(ing|ed|es|s|ly|er)$/, "") : word.replace(/s$/, "");
}
