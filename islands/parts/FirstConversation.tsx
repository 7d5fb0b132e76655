import { CopyText } from "./CopyText.tsx";

/** What an installation without conversations shows instead of zeros: how to have the first. */
export function FirstConversation({ origin }: { origin: string }) {
  const api = `${origin}/api/performance`;
  const teach = `curl -X PUT ${api}/bots/helper \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"name": "Helper", "knowledge": [{"question": "When are you open?",
       "answer": "Every day from 9 to 18."}]}'`;
  const ask = `curl -X POST ${api}/conversations/queue \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -H "Prefer: wait=10" \\
  -d '{"conversation_id": "first", "bot_id": "helper",
       "user_message": "When are you open?"}'`;
  return (
    <section class="panel first" aria-label="The first conversation">
      <header>
        <h2>Nothing here yet: have the first conversation</h2>
      </header>
      <p>
        Put the token that you signed in with into{" "}
        <code>TOKEN</code>, teach a bot one answer, then ask it. The answer comes back at once, and
        this page fills itself.
      </p>
      <ol>
        <li>
          <CopyText title="1. Teach a bot" text={teach} what="the command that teaches a bot" />
        </li>
        <li>
          <CopyText
            title="2. Queue a conversation"
            text={ask}
            what="the command that queues a conversation"
          />
        </li>
      </ol>
    </section>
  );
}
