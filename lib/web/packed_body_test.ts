import assert from "node:assert/strict";
import { bodyFor, packedBody } from "./packed_body.ts";

Deno.test("a body is packed for those who take gzip, and only where that gains", async () => {
  const long = "many words ".repeat(500);
  const asked = (accept: string | undefined) => ({ header: () => accept });
  const answer = async (text: string, accept?: string) =>
    bodyFor(asked(accept), await packedBody(text), { headers: new Headers({ vary: "cookie" }) });

  const packed = await answer(long, "gzip, br");
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  assert.equal(packed.headers.get("vary"), "cookie, accept-encoding");
  const bytes = new Uint8Array(await packed.arrayBuffer());
  assert.ok(bytes.length < 200, `${bytes.length} bytes`);
  const opened = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  assert.equal(await new Response(opened).text(), long);

  const plain = await answer(long);
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(await plain.text(), long);
  assert.equal((await answer("short", "gzip")).headers.get("content-encoding"), null);
});
