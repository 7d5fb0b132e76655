import { ApiClient } from "./api_client.ts";
import { CliError } from "./context.ts";

const DEFAULT_PORT = "8002";

/**
 * A client for the service that the environment names: PIXEL_URL, else this machine and PORT; with
 * PIXEL_TOKEN, ADMIN_TOKEN, or the token that the service keeps in DATA_DIR.
 */
export async function connect(
  env: Record<string, string | undefined>,
  options: { url?: string } = {},
): Promise<ApiClient> {
  const url = options.url || env.PIXEL_URL || `http://127.0.0.1:${env.PORT || DEFAULT_PORT}`;
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new CliError(`"${url}" is no http address of a service`);
  }
  return new ApiClient(url, env.PIXEL_TOKEN || env.ADMIN_TOKEN || await storedToken(env));
}

async function storedToken(env: Record<string, string | undefined>): Promise<string> {
  const path = `${env.DATA_DIR || "./data"}/admin-token`;
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    const message = `no token: set PIXEL_TOKEN, or run this where ${path} can be read`;
    throw new CliError(message, 1, { cause: error });
  }
}
