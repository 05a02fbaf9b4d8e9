using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace TigerGraphAuth
{
    /// <summary>What the library's texts name of the C interface, in the words of this package.</summary>
    internal static class OwnWords
    {
        /// <summary>Functions, flags and the header, as whole words.</summary>
        private static readonly Regex InC =
            new Regex(@"\b(tg_[a-z0-9_]+|TG_TOKEN_[A-Z_]+|tigergraph_auth\.h)\b");

        /// <summary>
        /// What a program on .NET calls or sets in their place. A test of the library holds it to every hint.
        /// </summary>
        private static readonly Dictionary<string, string> Names = new Dictionary<string, string>
        {
            ["TG_TOKEN_OR_NEW"] = "TokenOptions.OrNew",
            ["tg_config_add_ca_file"] = "ConnectionOptions.AddedCaFiles",
            ["tg_config_load_env"] = "ConnectionOptions.LoadEnvironment",
            ["tg_config_new"] = "ConnectionOptions.Host",
            ["tg_config_set_allow_http"] = "ConnectionOptions.AllowHttp",
            ["tg_config_set_api_token"] = "ConnectionOptions.ApiToken",
            ["tg_config_set_ca_file"] = "ConnectionOptions.CaFile",
            ["tg_config_set_ca_pem"] = "ConnectionOptions.CaPem",
            ["tg_config_set_client_cert"] = "ConnectionOptions.ClientCertificateFile",
            ["tg_config_set_graph"] = "ConnectionOptions.Graph",
            ["tg_config_set_insecure_tls"] = "ConnectionOptions.InsecureTls",
            ["tg_config_set_jwt"] = "ConnectionOptions.Jwt",
            ["tg_config_set_jwt_file"] = "ConnectionOptions.JwtFile",
            ["tg_config_set_oauth2"] = "ConnectionOptions.OAuth2",
            ["tg_config_set_oauth2_parameter"] = "OAuth2Options.Parameters",
            ["tg_config_set_oauth2_secret_file"] = "OAuth2Options.ClientSecretFile",
            ["tg_config_set_password"] = "ConnectionOptions.Password",
            ["tg_config_set_password_file"] = "ConnectionOptions.PasswordFile",
            ["tg_config_set_pin_sha256"] = "ConnectionOptions.PinSha256",
            ["tg_config_set_ports"] = "ConnectionOptions.RestppPort",
            ["tg_config_set_proxy"] = "ConnectionOptions.Proxy",
            ["tg_config_set_secret"] = "ConnectionOptions.Secret",
            ["tg_config_set_secret_file"] = "ConnectionOptions.SecretFile",
            ["tg_config_set_server_version"] = "ConnectionOptions.ServerVersion",
            ["tg_config_set_tgcloud"] = "ConnectionOptions.IsCloud",
            ["tg_config_set_timeouts"] = "ConnectionOptions.TotalTimeout",
            ["tg_config_set_token_cache"] = "ConnectionOptions.TokenCache",
            ["tg_config_set_token_lifetime"] = "ConnectionOptions.TokenLifetime",
            ["tg_config_set_token_provider"] = "ConnectionOptions.TokenProvider",
            ["tg_config_set_user_agent"] = "ConnectionOptions.UserAgent",
            ["tg_conn_cancel"] = "its CancellationToken",
            ["tg_conn_free"] = "Dispose",
            ["tg_create_secret"] = "CreateSecret",
            ["tg_diagnose"] = "Diagnose",
            ["tg_error_retry_after_ms"] = "RetryAfter",
            ["tg_get_secrets"] = "GetSecrets",
            ["tg_provider_request_time_left_ms"] = "TokenProviderRequest.TimeLeft",
            ["tigergraph_auth.h"] = "the documentation of this package",
        };

        /// <summary>A text of the library with the names of this package; what has none stays as it is.</summary>
        internal static string In(string text) =>
            InC.Replace(text, found => Names.TryGetValue(found.Value, out string? own) ? own : found.Value);
    }
}
