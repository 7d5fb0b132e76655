import { ActionFailed, signInLink } from "../client/api.ts";
import { ACTIONS as T } from "./texts.ts";

/** Why something was not done, told where it was asked for, with the id to look for in the log. */
export function Failed({ thrown }: { thrown: unknown }) {
  const { requestId, signedOut } = thrown instanceof ActionFailed
    ? thrown
    : { requestId: "", signedOut: false };
  return (
    <span class="bad">
      {thrown instanceof Error ? thrown.message : T.failed}
      {requestId && <small>{T.request(requestId)}</small>}
      {signedOut && (
        <>
          {" "}
          <a href={signInLink()}>{T.signIn}</a>
        </>
      )}
    </span>
  );
}
