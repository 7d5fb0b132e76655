import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Instant } from "./text.ts";

const BucketState = z.object({
  address: z.string().openapi({ example: "s3.example.com/backups/pixel-performance" }),
  uploaded_at: Instant.nullable().openapi({ description: "when it last held every backup" }),
  error: z.string().nullable().openapi({ description: "why the last upload failed for good" }),
});

export const KeptAnswer = success({
  retention: z.array(z.object({
    records: z.string(),
    kept_for: z.string(),
    variable: z.string().optional(),
  })),
  database: z.object({
    bytes: Count,
    reclaimable_bytes: Count,
    growth_bytes_per_day: z.number().nullable(),
  }).nullable(),
  backups: z.array(z.object({
    name: z.string(),
    created_at: Instant,
    compressed_bytes: Count,
    entries: Count.nullable(),
  })),
  bucket: BucketState.nullable().openapi({ description: "null where none is configured" }),
});

export const BackupsAnswer = success({
  backups: z.array(z.object({
    name: z.string(),
    created_at: Instant,
    compressed_bytes: Count,
    on_disk: z.boolean(),
    in_bucket: z.boolean().nullable().openapi({
      description: "null where no bucket is configured or it does not answer",
    }),
  })),
  bucket: BucketState.extend({
    problem: z.string().nullable().openapi({ description: "why it could not be listed" }),
  }).nullable(),
});
