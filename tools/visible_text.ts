/** Finds text for people that stands in a component instead of in the catalogue of texts. */

type Node = Deno.lint.Node;

export interface VisibleText {
  line: number;
  text: string;
}

/** Attributes and properties that people read or hear, whatever they hold. */
const READ = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aside",
  "label",
  "note",
  "placeholder",
  "title",
  "unit",
  "what",
]);
/** Those that only the browser reads. */
const TECHNICAL = new Set(["class", "content", "d", "dateTime", "rel", "viewBox"]);
/** Calls whose texts are selectors, names of things in the page, or errors of the program itself. */
const TECHNICAL_CALLS =
  /^(querySelector(All)?|closest|matches|setAttribute|has|Error|TypeError|console\.\w+)$/;
const KEY = /^(Enter|Escape|Home|End|Arrow(Left|Right|Up|Down))$/;

/** A sentence, or its beginning: a capital with small letters after it, or words with a space. */
const READS_LIKE_TEXT = /^[A-Z][a-z]|\p{L}{2,}[,.:;]? \p{L}{2,}/u;
const HAS_WORDS = /\p{L}{2,}/u;

/**
 * Text for people in the source of a component: between tags, in attributes that are read, and
 * strings that read like a sentence. Works below `deno test` only, whose parser it borrows.
 */
export function visibleTextIn(path: string, source: string): VisibleText[] {
  const found: VisibleText[] = [];
  const note = (node: Node, text: string) => {
    const line = source.slice(0, node.range[0]).split("\n").length;
    found.push({ line, text: text.trim().replaceAll(/\s+/g, " ") });
  };
  const judge = (node: Node, text: string) => {
    if (!HAS_WORDS.test(text) || KEY.test(text)) return;
    const place = placeOf(node);
    if (place === "technical") return;
    if (place === "read" || READS_LIKE_TEXT.test(text)) note(node, text);
  };
  Deno.lint.runPlugin(
    {
      name: "texts",
      rules: {
        visible: {
          create: () => ({
            JSXText(node) {
              if (HAS_WORDS.test(node.value)) note(node, node.value);
            },
            Literal(node) {
              if (typeof node.value === "string") judge(node, node.value);
            },
            TemplateElement(node) {
              judge(node, node.cooked);
            },
          }),
        },
      },
    },
    path,
    source,
  );
  return found;
}

/** Where a string ends up: before people's eyes, with the machine, or one cannot tell. */
function placeOf(node: Node): "read" | "technical" | "unknown" {
  let child = node;
  for (let at = parentOf(node); at; child = at, at = parentOf(at)) {
    switch (at.type) {
      case "TemplateLiteral":
      case "LogicalExpression":
        continue;
      case "ConditionalExpression":
        if (at.test === child) return "technical";
        continue;
      case "JSXExpressionContainer":
        if (parentOf(at)?.type !== "JSXAttribute") return "read";
        continue;
      case "JSXAttribute": {
        const name = String(at.name.name);
        return READ.has(name) ? "read" : TECHNICAL.has(name) ? "technical" : "unknown";
      }
      case "CallExpression":
      case "NewExpression":
        return TECHNICAL_CALLS.test(calledIn(at)) ? "technical" : "unknown";
      case "BinaryExpression":
      case "ImportDeclaration":
      case "ImportExpression":
      case "TSLiteralType":
      case "TSTemplateLiteralType":
        return "technical";
      case "Property":
        return at.key === child ? "technical" : "unknown";
      default:
        return "unknown";
    }
  }
  return "unknown";
}

const parentOf = (node: Node): Node | undefined => (node as { parent?: Node }).parent;

/** "querySelector" of `document.querySelector(…)`, "console.error" of itself. */
function calledIn({ callee }: Pick<Deno.lint.CallExpression, "callee">): string {
  if (callee.type === "Identifier") return callee.name;
  if (callee.type === "ChainExpression") return calledIn({ callee: callee.expression });
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return "";
  const { name } = callee.property;
  const of = callee.object.type === "Identifier" ? callee.object.name : "";
  return of === "console" ? `${of}.${name}` : name;
}
