import type { Role } from "../../lib/auth/principal.ts";
import { isSafe } from "./csrf.ts";

/**
 * Who may do what: every route of the API, by method and path as in the OpenAPI document. A route
 * that is not here cannot be registered.
 */
export const ROUTE_ROLES = {
  "GET /cache/stats": "viewer",
  "POST /cache/clear": "operator",
  "GET /cache/key/{key}": "viewer",
  "DELETE /cache/key/{key}": "operator",
  "GET /tasks/active": "viewer",
  "GET /tasks/{task_id}": "viewer",
  "DELETE /tasks/{task_id}": "operator",
  "GET /tasks": "viewer",
  "POST /tasks": "operator",
  "POST /tasks/{task_id}/retry": "operator",
  "POST /tasks/{task_id}/hasten": "operator",
  "POST /tasks/{task_id}/discard": "operator",
  "POST /tasks/actions": "operator",
  "PUT /queues/{name}/limits": "operator",
  "POST /conversations/queue": "operator",
  "POST /conversations/queue/priority": "operator",
  "POST /conversations/batch": "operator",
  "GET /conversations/{conversation_id}/status": "viewer",
  "GET /conversations/batch/{batch_id}/status": "viewer",
  "GET /conversations/metrics": "viewer",
  "GET /conversations": "viewer",
  "GET /conversations/{conversation_id}": "viewer",
  "GET /conversations/{conversation_id}/stream": "viewer",
  "POST /conversations/{conversation_id}/feedback": "operator",
  "POST /conversations/{conversation_id}/handoff": "operator",
  "POST /conversations/{conversation_id}/close": "operator",
  "DELETE /users/{user_id}": "admin",
  "POST /conversations/import": "operator",
  "GET /analytics/daily": "viewer",
  "GET /analytics/weekly": "viewer",
  "GET /analytics/monthly": "viewer",
  "GET /analytics/range": "viewer",
  "GET /analytics/compare": "viewer",
  "GET /analytics/busiest": "viewer",
  "GET /analytics/retention": "viewer",
  "GET /analytics/unanswered": "viewer",
  "POST /analytics/generate": "operator",
  "POST /analytics/recount": "operator",
  "GET /health": "viewer",
  "POST /maintenance/cleanup": "operator",
  "GET /maintenance/retention": "viewer",
  "GET /performance/summary": "viewer",
  "GET /performance/history": "viewer",
  "GET /bots": "viewer",
  "GET /bots/{bot_id}": "viewer",
  "PUT /bots/{bot_id}": "operator",
  "GET /queues": "viewer",
  "PUT /queues/{name}/pause": "operator",
  "DELETE /queues/{name}/pause": "operator",
  "GET /schedules": "viewer",
  "POST /schedules/{name}/run": "operator",
  "GET /events": "viewer",
  "GET /tokens": "admin",
  "POST /tokens": "admin",
  "POST /tokens/{token_id}/rotate": "admin",
  "DELETE /tokens/{token_id}": "admin",
  "GET /sessions": "admin",
  "DELETE /sessions/{session_id}": "admin",
  "GET /audit": "admin",
  "GET /audit/export": "admin",
  "GET /alerts": "viewer",
  "POST /alerts/{name}/acknowledge": "operator",
  "POST /alerts/{name}/silence": "operator",
  "GET /notifications": "viewer",
  "POST /notifications/{notification_id}/redeliver": "operator",
} as const satisfies Record<string, Role>;

export type RouteName = keyof typeof ROUTE_ROLES;

/** What a request needs where no route says it: reading is a viewer's, everything else is not. */
export function roleForMethod(method: string): Role {
  return isSafe(method) ? "viewer" : "operator";
}
