/** A text that is equal for equal keys and different for different ones; also its size estimate. */
export function keyText(key: Deno.KvKey): string {
  let text = "";
  for (const part of key) {
    switch (typeof part) {
      case "string":
        text += "s" + part + "\0";
        break;
      case "number":
        text += "n" + part + "\0";
        break;
      case "bigint":
        text += "i" + part + "\0";
        break;
      case "boolean":
        text += part ? "t\0" : "f\0";
        break;
      default:
        text += "b" + (part as Uint8Array).join(",") + "\0";
    }
  }
  return text;
}
