using System;
using System.Collections.Generic;

namespace TigerGraphAuth
{
    /// <summary>Hands options to the library, setting by setting.</summary>
    internal static class NativeConfig
    {
        private delegate void TextSetter(ConfigHandle config, IntPtr text);

        private delegate void PairSetter(ConfigHandle config, IntPtr first, IntPtr second);

        public static ConfigHandle From(ConnectionOptions options)
        {
            NativeLoader.EnsureLoaded();
            ConfigHandle config = New(options);
            try
            {
                Fill(config, options);
            }
            catch
            {
                config.Dispose();
                throw;
            }
            return config;
        }

        private static ConfigHandle New(ConnectionOptions options)
        {
            using var host = new NativeText(options.Host, nameof(options.Host));
            ConfigHandle config = NativeMethods.tg_config_new(host.Pointer);
            return config.IsInvalid ? throw new OutOfMemoryException() : config;
        }

        private static void Fill(ConfigHandle config, ConnectionOptions options)
        {
            Set(config, NativeMethods.tg_config_set_graph, options.Graph, nameof(options.Graph));
            SetPair(
                config,
                NativeMethods.tg_config_set_password,
                (options.Username, nameof(options.Username)),
                (options.Password, nameof(options.Password)));
            Set(config, NativeMethods.tg_config_set_secret, options.Secret, nameof(options.Secret));
            FillFiles(config, options);
            Set(config, NativeMethods.tg_config_set_api_token, options.ApiToken, nameof(options.ApiToken));
            Set(config, NativeMethods.tg_config_set_jwt, options.Jwt, nameof(options.Jwt));
            FillElsewhere(config, options);
            NativeMethods.tg_config_set_ports(
                config,
                Port(options.RestppPort, nameof(options.RestppPort)),
                Port(options.GsqlPort, nameof(options.GsqlPort)));
            NativeMethods.tg_config_set_tgcloud(config, options.IsCloud == null ? 0 : options.IsCloud.Value ? 1 : -1);
            Set(
                config,
                NativeMethods.tg_config_set_server_version,
                options.ServerVersion,
                nameof(options.ServerVersion));
            Set(config, NativeMethods.tg_config_set_ca_file, options.CaFile, nameof(options.CaFile));
            AddFiles(config, options);
            Set(config, NativeMethods.tg_config_set_ca_pem, options.CaPem, nameof(options.CaPem));
            SetPair(
                config,
                NativeMethods.tg_config_set_client_cert,
                (options.ClientCertificateFile, nameof(options.ClientCertificateFile)),
                (options.ClientKeyFile, nameof(options.ClientKeyFile)));
            Set(config, NativeMethods.tg_config_set_pin_sha256, options.PinSha256, nameof(options.PinSha256));
            NativeMethods.tg_config_set_insecure_tls(config, options.InsecureTls ? 1 : 0);
            NativeMethods.tg_config_set_allow_http(config, options.AllowHttp ? 1 : 0);
            NativeMethods.tg_config_set_timeouts(
                config,
                Duration.Milliseconds(options.ConnectTimeout, nameof(options.ConnectTimeout)),
                Duration.Milliseconds(options.TotalTimeout, nameof(options.TotalTimeout)));
            Set(config, NativeMethods.tg_config_set_proxy, options.Proxy, nameof(options.Proxy));
            Set(config, NativeMethods.tg_config_set_user_agent, options.UserAgent, nameof(options.UserAgent));
            NativeMethods.tg_config_set_token_lifetime(
                config, Duration.Seconds(options.TokenLifetime), Duration.Seconds(options.RenewBefore));
            Set(config, NativeMethods.tg_config_set_token_cache, options.TokenCache, nameof(options.TokenCache));
            if (options.Log != null)
            {
                NativeLog.Set(config, options.LogLevel, options.Log);
            }
            LoadVariables(config, options);
        }

        /// <summary>From the environment first, because it takes precedence over a file.</summary>
        private static void LoadVariables(ConfigHandle config, ConnectionOptions options)
        {
            if (options.Profile != null)
            {
                Set(config, NativeMethods.tg_config_load_profile, options.Profile, nameof(options.Profile));
            }
            else if (options.LoadEnvironment)
            {
                NativeMethods.tg_config_load_env(config);
            }
            if (options.EnvironmentFile != null)
            {
                Set(config, NativeMethods.tg_config_load_env_file, options.EnvironmentFile, nameof(options.EnvironmentFile));
            }
        }

        private static void FillFiles(ConfigHandle config, ConnectionOptions options)
        {
            SetPair(
                config,
                NativeMethods.tg_config_set_password_file,
                (options.Username, nameof(options.Username)),
                (options.PasswordFile, nameof(options.PasswordFile)));
            Set(config, NativeMethods.tg_config_set_secret_file, options.SecretFile, nameof(options.SecretFile));
            Set(config, NativeMethods.tg_config_set_jwt_file, options.JwtFile, nameof(options.JwtFile));
        }

        /// <summary>Logins with tokens that others give.</summary>
        private static void FillElsewhere(ConfigHandle config, ConnectionOptions options)
        {
            if (options.OAuth2 != null)
            {
                FillOAuth2(config, options.OAuth2);
            }
            if (options.TokenProvider != null)
            {
                NativeTokenProvider.Set(config, options.TokenProvider);
            }
        }

        private static void FillOAuth2(ConfigHandle config, OAuth2Options options)
        {
            using var url = new NativeText(options.TokenUrl, nameof(options.TokenUrl));
            using var id = new NativeText(options.ClientId, nameof(options.ClientId));
            using var secret = new NativeText(options.ClientSecret, nameof(options.ClientSecret));
            NativeMethods.tg_config_set_oauth2(config, url.Pointer, id.Pointer, secret.Pointer);
            Set(
                config,
                NativeMethods.tg_config_set_oauth2_secret_file,
                options.ClientSecretFile,
                nameof(options.ClientSecretFile));
            foreach (KeyValuePair<string, string> parameter in options.Parameters)
            {
                // Null would remove the parameter.
                string value = parameter.Value ?? throw new ArgumentNullException(nameof(options.Parameters));
                SetPair(
                    config,
                    NativeMethods.tg_config_set_oauth2_parameter,
                    (parameter.Key, nameof(options.Parameters)),
                    (value, nameof(options.Parameters)));
            }
        }

        private static void AddFiles(ConfigHandle config, ConnectionOptions options)
        {
            foreach (string path in options.AddedCaFiles ?? Array.Empty<string>())
            {
                // Null would remove those that were added before.
                string added = path ?? throw new ArgumentNullException(nameof(options.AddedCaFiles));
                Set(config, NativeMethods.tg_config_add_ca_file, added, nameof(options.AddedCaFiles));
            }
        }

        private static void Set(ConfigHandle config, TextSetter setter, string? value, string name)
        {
            using var text = new NativeText(value, name);
            setter(config, text.Pointer);
        }

        private static void SetPair(
            ConfigHandle config,
            PairSetter setter,
            (string? Value, string Name) first,
            (string? Value, string Name) second)
        {
            using var one = new NativeText(first.Value, first.Name);
            using var other = new NativeText(second.Value, second.Name);
            setter(config, one.Pointer, other.Pointer);
        }

        private static ushort Port(int port, string name) =>
            port >= ushort.MinValue && port <= ushort.MaxValue
                ? (ushort)port
                : throw new ArgumentOutOfRangeException(name, port, "A port is a number from 1 to 65535.");
    }
}
