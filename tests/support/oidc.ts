import { fileURLToPath } from "node:url";
import { startedProgram } from "./program.ts";
import { freePort } from "./ports.ts";

export const CLIENT = { id: "pixel", secret: "the-client-secret-of-the-test" };

/** Starts a real OpenID provider (`oidc_provider.ts`); disposing of it ends it. */
export async function startOidcProvider(
  redirectUri: string,
): Promise<{ issuer: string } & AsyncDisposable> {
  const port = freePort();
  const file = fileURLToPath(new URL("./oidc_provider.ts", import.meta.url));
  const provider = await startedProgram(file, [
    String(port),
    CLIENT.id,
    CLIENT.secret,
    redirectUri,
  ]);
  return { issuer: `http://127.0.0.1:${port}`, ...provider };
}

/** As much of a browser as signing in takes: cookies by host, forms, redirects by hand. */
export class CookieBrowser {
  readonly cookies = new Map<string, Map<string, string>>();

  /** One request, its redirect not followed. */
  async open(address: string, form?: Record<string, string>): Promise<Response> {
    const { host } = new URL(address);
    const jar = this.cookies.get(host) ?? new Map<string, string>();
    this.cookies.set(host, jar);
    const response = await fetch(address, {
      redirect: "manual",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair!.indexOf("=");
      const gone = attributes.some((attribute) =>
        /^max-age=0$/i.test(attribute) || /^expires=Thu, 01 Jan 1970/i.test(attribute)
      );
      if (gone) jar.delete(pair!.slice(0, at));
      else jar.set(pair!.slice(0, at), pair!.slice(at + 1));
    }
    return response;
  }

  /** Where a request is redirected to, as a whole address. */
  async redirect(address: string, form?: Record<string, string>): Promise<string> {
    const response = await this.open(address, form);
    const text = await response.text();
    const location = response.headers.get("location");
    if (!location) throw new Error(`${address} answered ${response.status}: ${text}`);
    return new URL(location, address).href;
  }

  /** Signs in at the provider and consents; the callback's address, which is not opened yet. */
  async signInAt(authorization: string, login: string, callback: string): Promise<string> {
    let address = authorization;
    for (let step = 0; step < 12; step++) {
      if (address.startsWith(callback)) return address;
      if (new URL(address).pathname.startsWith("/interaction/")) {
        const page = await (await this.open(address)).text();
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? "login";
        const form: Record<string, string> = prompt === "login"
          ? { prompt, login, password: "any" }
          : { prompt };
        address = await this.redirect(address, form);
      } else address = await this.redirect(address);
    }
    throw new Error(`no end of redirects at ${address}`);
  }
}
