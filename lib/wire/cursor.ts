/** What is said of a cursor that no page of this list gave. */
export const WRONG_CURSOR = "must be the next_cursor of an earlier page";
