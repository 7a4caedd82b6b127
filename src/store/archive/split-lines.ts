/**
 * The lines of a file, without their ends. Not `readline`, for which U+2028 ends a line, too:
 * https://nodejs.org/docs/latest-v20.x/api/readline.html
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]).toString('utf8');
      begun = [];
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (begun.length > 0) yield Buffer.concat(begun).toString('utf8');
}

const LF = 0x0a;
