// Asks a served fake with the official SDK, whole, streamed and with a tool; says as
// JSON what came. Usage: node ask.mjs URL
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "none", baseURL: `${process.argv[2]}/v1` });
const asked = { model: "m", messages: [{ role: "user", content: "Où est Zoë?" }] };

const whole = await client.chat.completions.create(asked);

const chunks = [];
let usage = null;
const stream = await client.chat.completions.create({
  ...asked,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  chunks.push(...chunk.choices.map((choice) => choice.delta.content ?? ""));
  usage = chunk.usage ?? usage;
}

const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { location: { type: "string" } } },
    },
  },
];
const called = await client.chat.completions
  .stream({ ...asked, tools })
  .finalChatCompletion();

const response = await client.responses.create({ model: "m", input: "Hi" });

let refused = null;
try {
  await client.chat.completions.create(asked);
} catch (error) {
  refused = { type: error.constructor.name, status: error.status, message: error.message };
}

console.log(
  JSON.stringify({
    whole: whole.choices[0].message.content,
    chunks,
    usage: usage.total_tokens,
    call: called.choices[0].message.tool_calls[0].function,
    finish: called.choices[0].finish_reason,
    response: response.output_text,
    refused,
  }),
);
