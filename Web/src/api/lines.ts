/** How long the parsing of what has arrived may hold the page up before it lets it draw. */
const longestTurn = 6;

/** A line of a stream that is longer than this is no line of ours. */
const longestLine = 8 << 20;

/** The values of a stream in which every line is one JSON document. */
export async function* lines<Value>(body: ReadableStream<Uint8Array>): AsyncGenerator<Value> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let began = performance.now();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > longestLine) throw new Error("a line of the stream is too long");
      for (const part of parts) {
        if (part === "") continue;
        yield JSON.parse(part) as Value;
        if (performance.now() - began > longestTurn) {
          // What is there already arrives without a pause: somebody must let the page draw.
          await new Promise((resume) => setTimeout(resume));
          began = performance.now();
        }
      }
    }
  } finally {
    // A stream that is left before its end is ended at the server too.
    await reader.cancel().catch(() => undefined);
  }
}
