using System;
using System.Runtime.InteropServices;

namespace TigerGraphAuth
{
    /// <summary>
    /// The C interface, under its own names and in the order of the header. Text that comes back is an IntPtr: the
    /// runtime would free what it takes for a string of its own. A yes or no is an int, which bool is not.
    /// </summary>
    internal static class NativeMethods
    {
        public const string Library = "tigergraph_auth";

        private const CallingConvention C = CallingConvention.Cdecl;

        /// <summary>Whether this runs under Mono, which cannot do all that .NET can.</summary>
        public static bool IsMono { get; } = Type.GetType("Mono.Runtime") != null;

        [UnmanagedFunctionPointer(C)]
        public delegate void LogFunction(int level, IntPtr message, IntPtr userData);

        [UnmanagedFunctionPointer(C)]
        public delegate void ReleaseFunction(IntPtr userData);

        [UnmanagedFunctionPointer(C)]
        public delegate void ProviderFunction(IntPtr request, IntPtr userData);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_version();

        [DllImport(Library, CallingConvention = C)]
        public static extern uint tg_version_number();

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_error_status(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_error_message(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_error_reason(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_error_hint(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_error_server_code(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_error_http_status(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern long tg_error_retry_after_ms(ErrorHandle error);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_error_free(IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern ConfigHandle tg_config_new(IntPtr host);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_load_env(ConfigHandle config);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_load_profile(ConfigHandle config, IntPtr name);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_load_env_file(ConfigHandle config, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_graph(ConfigHandle config, IntPtr graph);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_password(ConfigHandle config, IntPtr username, IntPtr password);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_password_file(ConfigHandle config, IntPtr username, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_secret(ConfigHandle config, IntPtr secret);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_secret_file(ConfigHandle config, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_api_token(ConfigHandle config, IntPtr token);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_jwt(ConfigHandle config, IntPtr jwt);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_jwt_file(ConfigHandle config, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_oauth2(
            ConfigHandle config, IntPtr tokenUrl, IntPtr clientId, IntPtr clientSecret);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_oauth2_secret_file(ConfigHandle config, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_oauth2_parameter(ConfigHandle config, IntPtr name, IntPtr value);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_ports(ConfigHandle config, ushort restpp, ushort gsql);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_tgcloud(ConfigHandle config, int tgcloud);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_server_version(ConfigHandle config, IntPtr version);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_ca_file(ConfigHandle config, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_add_ca_file(ConfigHandle config, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_ca_pem(ConfigHandle config, IntPtr pem);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_client_cert(ConfigHandle config, IntPtr certPath, IntPtr keyPath);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_pin_sha256(ConfigHandle config, IntPtr base64Spki);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_insecure_tls(ConfigHandle config, int insecure);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_allow_http(ConfigHandle config, int allow);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_timeouts(ConfigHandle config, uint connectMs, uint totalMs);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_proxy(ConfigHandle config, IntPtr proxy);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_user_agent(ConfigHandle config, IntPtr userAgent);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_token_lifetime(ConfigHandle config, long lifetimeS, long renewBeforeS);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_token_cache(ConfigHandle config, IntPtr directory);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_log(
            ConfigHandle config, int maxLevel, LogFunction log, IntPtr userData, ReleaseFunction release);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_free(IntPtr config);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_config_set_token_provider(
            ConfigHandle config, ProviderFunction provide, IntPtr userData, ReleaseFunction release);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_provider_request_set_token(
            IntPtr request, IntPtr token, long expiresAt, IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_provider_request_fail(
            IntPtr request, int status, IntPtr message, long retryAfterMs, IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern long tg_provider_request_time_left_ms(IntPtr request);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_provider_request_is_cancelled(IntPtr request);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_conn_new(ConfigHandle config, out ConnectionHandle conn, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_server_version(
            ConnectionHandle conn, out int major, out int minor, out int patch, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_conn_url(ConnectionHandle conn, int server);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_conn_ca_pem(ConnectionHandle conn);

        [DllImport(Library, CallingConvention = C)]
        public static extern ConnectionHandle tg_conn_clone(ConnectionHandle conn);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_conn_set_timeout(ConnectionHandle conn, uint totalMs);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_conn_cancel(ConnectionHandle conn);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_conn_free(IntPtr conn);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_get_secrets(
            ConnectionHandle conn, IntPtr user, out SecretsHandle secrets, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_show_secrets(
            ConnectionHandle conn, IntPtr user, out SecretsHandle secrets, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_get_secret(
            ConnectionHandle conn, IntPtr alias, IntPtr user, out SecretsHandle secret, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_create_secret(
            ConnectionHandle conn, IntPtr alias, IntPtr value, IntPtr user, out SecretsHandle secret, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_ensure_secret(
            ConnectionHandle conn, IntPtr alias, out SecretsHandle secret, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_drop_secret(
            ConnectionHandle conn, IntPtr alias, IntPtr user, uint flags, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_drop_secrets(
            ConnectionHandle conn,
            IntPtr[] aliases,
            UIntPtr count,
            IntPtr user,
            uint flags,
            out UIntPtr dropped,
            out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern UIntPtr tg_secrets_count(SecretsHandle secrets);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_secrets_alias(SecretsHandle secrets, UIntPtr index);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_secrets_value(SecretsHandle secrets, UIntPtr index);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_secrets_graph(SecretsHandle secrets, UIntPtr index);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_secrets_is_masked(SecretsHandle secrets, UIntPtr index);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_secrets_free(IntPtr secrets);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_get_token(
            ConnectionHandle conn, IntPtr secret, long lifetimeS, uint flags, out TokenHandle token, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_refresh_token(
            ConnectionHandle conn,
            IntPtr secret,
            IntPtr oldToken,
            long lifetimeS,
            uint flags,
            out TokenHandle token,
            out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_delete_token(
            ConnectionHandle conn, IntPtr secret, IntPtr token, uint flags, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_check_jwt_token(
            ConnectionHandle conn, IntPtr jwt, out int valid, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_check_token(
            ConnectionHandle conn, TokenHandle token, out int valid, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_authorization(ConnectionHandle conn, out TokenHandle token, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_current_token(ConnectionHandle conn, out TokenHandle token, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_reject_token(ConnectionHandle conn, TokenHandle token);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_token_value(TokenHandle token);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_token_header(TokenHandle token);

        [DllImport(Library, CallingConvention = C)]
        public static extern long tg_token_expires_at(TokenHandle token);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_token_expiration(TokenHandle token);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_token_url(TokenHandle token, int server);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_token_free(IntPtr token);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_is_token_refused(int server, int httpStatus, IntPtr body, UIntPtr length);

        [DllImport(Library, CallingConvention = C)]
        public static extern RequestHandle tg_request_new(IntPtr method, int server, IntPtr path);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_request_set_header(RequestHandle request, IntPtr name, IntPtr value);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_request_set_body(
            RequestHandle request, IntPtr body, UIntPtr length, IntPtr contentType);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_request_set_response_limit(RequestHandle request, ulong bytes);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_request_free(IntPtr request);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_send(
            ConnectionHandle conn, RequestHandle request, out ResponseHandle response, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_response_http_status(ResponseHandle response);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_response_header(ResponseHandle response, IntPtr name);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_response_body(ResponseHandle response);

        [DllImport(Library, CallingConvention = C)]
        public static extern UIntPtr tg_response_body_length(ResponseHandle response);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_response_free(IntPtr response);

        [DllImport(Library, CallingConvention = C)]
        public static extern int tg_diagnose(
            ConnectionHandle conn, uint flags, out ReportHandle report, out IntPtr error);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_report_text(ReportHandle report);

        [DllImport(Library, CallingConvention = C)]
        public static extern IntPtr tg_report_json(ReportHandle report);

        [DllImport(Library, CallingConvention = C)]
        public static extern void tg_report_free(IntPtr report);
    }
}
