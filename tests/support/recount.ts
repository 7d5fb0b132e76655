import assert from "node:assert/strict";
import type { TestService } from "./service.ts";

const POLL_MS = 50;
const DEADLINE_MS = 120_000;

interface Recounted {
  conversations: number;
  compared: number;
  difference_count: number;
  differences: unknown[];
}

/** Has the service count everything again from its facts; fails when any number differs. */
export async function assertRecounts(service: TestService): Promise<Recounted> {
  const queued = await service.request<{ task_id: string }>("POST", "/analytics/recount");
  const path = `/tasks/${encodeURIComponent(queued.body.task_id)}`;
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const { body } = await service.request<{ task_status: { status: string; result: Recounted } }>(
      "GET",
      path,
    );
    const { status, result } = body.task_status;
    if (status === "completed") {
      assert.deepEqual(result.differences, []);
      assert.equal(result.difference_count, 0);
      assert.ok(result.compared > 0);
      return result;
    }
    assert.ok(performance.now() < deadline && status !== "failed", `the recount is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
