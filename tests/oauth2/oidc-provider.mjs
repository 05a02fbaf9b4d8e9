// oidc-provider as it comes from npm, on any port of loopback:
//     node oidc-provider.mjs NODE_MODULES CLIENTS
// CLIENTS is a JSON list of {"id", "secret", "method"}. Prints the address of the token endpoint, then a line for each
// request: its status, and how the client's secret came. Ends with its standard input.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [, , modules, clients] = process.argv;
const { default: Provider } = await import(createRequire(`${modules}/`).resolve("oidc-provider"));

process.stdin.on("end", () => process.exit()).resume();

let answer;
const server = createServer((request, response) => {
  const way = request.headers.authorization === undefined ? "form" : "header";
  response.on("finish", () => console.log(`${response.statusCode} ${way}`));
  answer(request, response);
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: JSON.parse(clients).map(({ id, secret, method }) => ({
      client_id: id,
      client_secret: secret,
      token_endpoint_auth_method: method,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    })),
    scopes: ["read", "write"],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  });
  answer = provider.callback();
  console.log(`${issuer}/token`);
});
