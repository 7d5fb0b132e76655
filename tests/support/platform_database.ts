import { DatabaseSync } from "node:sqlite";

/**
 * A platform's SQL database as `examples/export_platform.py` reads it: two conversations that have
 * ended, and one that has not.
 */
export function writePlatformDatabase(path: string): void {
  const sql = new DatabaseSync(path);
  sql.exec(`
    create table bots (id text, name text);
    create table conversations (id integer, user_id text, bot_id text, status text,
      satisfaction_score real);
    create table messages (id integer primary key, conversation_id integer, role text, content text,
      created_at text);
    insert into bots values ('b1', 'Bäckerei');
    insert into conversations values (1, 'u1', 'b1', 'completed', 4.5), (2, 'u2', 'b2', 'failed', null),
      (3, 'u1', 'b1', 'active', null);
    insert into messages (conversation_id, role, content, created_at) values
      (1, 'user', 'Guten Tag – offen?', '2026-03-02 09:12:00'),
      (1, 'assistant', 'Ab 6:30.', '2026-03-02 09:12:03+00:00'),
      (2, 'user', 'Hallo', '2026-03-02 10:00:00'),
      (3, 'user', 'noch offen', '2026-03-02 11:00:00');
  `);
  sql.close();
}
