// A log function in Node.js, and a call that blocks its thread ("blocks") or does not ("async"). Prints what log lines
// came before the call ended, and how it ended.
const { promisify } = require("node:util");
const koffi = require("koffi");

const library = koffi.load("libtigergraph_auth.so.0.1");
for (const name of ["tg_config", "tg_conn", "tg_token", "tg_error"]) koffi.opaque(name);
const logFunction = koffi.proto("void tg_log_fn(int32_t level, const char *message, void *user_data)");
const newConfig = library.func("tg_config *tg_config_new(const char *host)");
const loadEnv = library.func("void tg_config_load_env(tg_config *config)");
const setTimeouts = library.func("void tg_config_set_timeouts(tg_config *config, uint32_t connect_ms, uint32_t total_ms)");
const setLog = library.func(
  "void tg_config_set_log(tg_config *config, int32_t level, tg_log_fn *log, void *user_data, void *release)",
);
const newConn = library.func("int tg_conn_new(tg_config *config, _Out_ tg_conn **conn, _Out_ tg_error **error)");
const authorization = library.func("int tg_authorization(tg_conn *conn, _Out_ tg_token **token, _Out_ tg_error **error)");
const reason = library.func("const char *tg_error_reason(tg_error *error)");
const hint = library.func("const char *tg_error_hint(tg_error *error)");

async function main() {
  const [conn, token, error] = [[null], [null], [null]];
  const config = newConfig(null);
  loadEnv(config);
  setTimeouts(config, 0, 700);
  let lines = 0;
  setLog(config, 4, koffi.register(() => lines++, koffi.pointer(logFunction)), null, null);
  if (newConn(config, conn, error) !== 0) throw new Error(reason(error[0]));
  const call = process.argv[2] === "async" ? promisify(authorization.async) : authorization;
  const status = await call(conn[0], token, error);
  console.log(`${lines > 0 ? "logged" : "not logged"}, ${status === 0 ? "a token" : reason(error[0])}`);
  if (status !== 0) console.log(hint(error[0]));
  process.exit(0);
}

main();
