import { parseXml, XmlElement } from "@rgrove/parse-xml";

/** Why storage did not do what it was asked. The message holds no part of the key or signature. */
export class BucketError extends Error {
  override readonly name = "BucketError";
  /** S3's own word for it, such as `NoSuchBucket`. */
  readonly code: string | undefined;
  /** Asking again cannot help. */
  readonly permanent: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { code?: string; permanent?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface ListedObject {
  name: string;
  bytes: number;
}

const CODE = /^[A-Za-z][A-Za-z0-9.]{0,63}$/;

/** The root element of that name; null where the text is none. */
function rootOf(xml: string, name: string): XmlElement | null {
  try {
    const { root } = parseXml(xml);
    return root?.name === name ? root : null;
  } catch {
    return null;
  }
}

const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child) =>
    child instanceof XmlElement && child.name === name
  ) as XmlElement[];

const textOf = (element: XmlElement, name: string): string | undefined =>
  childrenOf(element, name)[0]?.text;

/** A page of ListObjectsV2, and where the next one begins. */
export function listed(xml: string): { objects: { key: string; bytes: number }[]; next?: string } {
  const root = rootOf(xml, "ListBucketResult");
  if (!root) throw new BucketError("the storage answered something that is no list");
  return {
    objects: childrenOf(root, "Contents").map((object) => ({
      key: textOf(object, "Key") ?? "",
      bytes: Number(textOf(object, "Size")),
    })),
    next: textOf(root, "IsTruncated") === "true"
      ? textOf(root, "NextContinuationToken")
      : undefined,
  };
}

/** The id of a multipart upload that was begun. */
export function uploadIdOf(xml: string): string {
  const root = rootOf(xml, "InitiateMultipartUploadResult");
  const id = root && textOf(root, "UploadId");
  if (!id) throw new BucketError("the storage began no upload in parts");
  return id;
}

/** The code of an error document; null where the text is none. Anything else in it may be secret. */
export function codeOf(xml: string): string | null {
  const root = rootOf(xml, "Error");
  const code = root && textOf(root, "Code");
  return code && CODE.test(code) ? code : null;
}
