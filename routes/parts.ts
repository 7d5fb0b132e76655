import { ApiRefusal } from "./api_data.ts";

/** A part that cannot be read is told as such in its place; losing the session ends the page. */
export async function orNull<T>(part: Promise<T>): Promise<T | null> {
  try {
    return await part;
  } catch (thrown) {
    if (thrown instanceof ApiRefusal && thrown.status === 401) throw thrown;
    return null;
  }
}
