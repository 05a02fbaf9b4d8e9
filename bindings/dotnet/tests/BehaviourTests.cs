using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    internal static class BehaviourTests
    {
        public static void A_token_in_hand(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            Check.Fails(TigerGraphAuthStatus.NoCredentials, "credentials.none", () => connection.CurrentToken());
            using Token token = connection.GetToken(lifetime: TimeSpan.FromHours(1));
            Check.Equal("Bearer " + token.Value, token.Header);
            TimeSpan life = token.ExpiresAt!.Value - DateTimeOffset.UtcNow;
            Check.True(life > TimeSpan.FromMinutes(58) && life < TimeSpan.FromMinutes(62), $"lives for {life}");
            Check.Equal(token.ExpiresAt.Value.ToString("yyyy-MM-ddTHH:mm:ssZ"), token.Expiration);
            using Token current = connection.CurrentToken();
            Check.Equal(token.Value, current.Value);
        }

        public static void Connections_share_the_tokens_in_a_folder(Standin standin)
        {
            string folder = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
            try
            {
                standin.ForgetRequests();
                using TigerGraphConnection one = standin.Connect(options => options.TokenCache = folder);
                using TigerGraphConnection other = standin.Connect(options => options.TokenCache = folder);
                using Token token = one.GetAuthorization();
                using Token shared = other.GetAuthorization();
                Check.Equal(token.Value, shared.Value);
                Check.Equal(1, standin.Requests().Length);
                TigerGraphAuthException e = Check.Fails(
                    TigerGraphAuthStatus.InvalidArgument,
                    "config.conflict",
                    () => new TigerGraphConnection(new ConnectionOptions
                    {
                        Host = "h", TokenCache = folder, Jwt = "canarycanary",
                    }));
                Check.Lacks("tg_", e.ToString());
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        public static void Flags_reach_the_library(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token first = connection.GetToken();
            using Token second = connection.GetToken(
                standin.Secret, TimeSpan.FromSeconds(90), TokenOptions.KeepCurrent);
            using Token current = connection.CurrentToken();
            Check.True(first.Value != second.Value, "the tokens are the same");
            Check.Equal(first.Value, current.Value);
            if (standin.IsOld)
            {
                using Token prolonged = connection.RefreshToken(oldToken: first.Value);
                Check.Equal(first.Value, prolonged.Value);
                return;
            }
            Check.Fails(TigerGraphAuthStatus.Unsupported, "unsupported.refresh", () => connection.RefreshToken());
            using Token renewed = connection.RefreshToken(options: TokenOptions.OrNew);
            Check.True(renewed.Value != first.Value, "the token is the old one");
        }

        public static void A_fresh_token_is_handed_out_without_a_request(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token first = connection.GetAuthorization();
            standin.ForgetRequests();
            using Token second = connection.GetAuthorization();
            Check.Equal(first.Value, second.Value);
            Check.Equal(0, standin.Requests().Length);
            connection.RejectToken(second);
            using Token third = connection.GetAuthorization();
            Check.True(third.Value != first.Value, "a rejected token was handed out");
            Check.Equal(1, standin.Requests().Length);
        }

        public static void Tokens_are_deleted_and_checked(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token token = connection.GetToken();
            if (standin.IsOld)
            {
                Check.Fails(
                    TigerGraphAuthStatus.Unsupported, "unsupported.check", () => connection.CheckJwtToken(token.Value));
            }
            else
            {
                Check.True(connection.CheckJwtToken(token.Value), "the token is not taken");
                Check.True(!connection.CheckJwtToken("eyJhbGciOiJIUzI1NiJ9.e30.x"), "no token is taken");
            }
            connection.DeleteToken();
            Check.Fails(TigerGraphAuthStatus.NoCredentials, "credentials.none", () => connection.CurrentToken());
            if (standin.IsOld)
            {
                Check.Fails(
                    TigerGraphAuthStatus.NotFound,
                    "missing.token",
                    () => connection.DeleteToken(token: "never-a-token"));
                connection.DeleteToken(token: "never-a-token", ignoreMissing: true);
            }
        }

        public static void The_life_of_secrets(Standin standin)
        {
            using TigerGraphConnection connection = standin.ConnectWithPassword();
            Secret made = connection.CreateSecret("net1");
            int others = connection.GetSecrets().Count - 1;
            Check.Equal("net1", made.Alias);
            Check.True(!made.IsMasked && made.Value.Length > 10, "there is no value");
            Check.Equal(standin.IsOld ? "MyGraph" : null, made.Graph);
            Check.Fails(
                TigerGraphAuthStatus.AlreadyExists, "exists.secret", () => connection.CreateSecret("net1"));
            Secret named = connection.CreateSecret();
            Check.True(named.Alias.StartsWith("AUTO_GENERATED_ALIAS_"), named.Alias);
            Check.Equal("net2", connection.EnsureSecret("net2").Alias);
            IReadOnlyList<Secret> all = connection.GetSecrets();
            Check.Equal(others + 3, all.Count);
            Check.Equal(standin.IsOld, all.All(secret => secret.IsMasked));
#pragma warning disable CS0618 // It is obsolete, and works.
            Check.Equal(others + 3, connection.ShowSecrets().Count);
#pragma warning restore CS0618
            connection.DropSecret("net2");
            TigerGraphAuthException e = Check.Fails(
                TigerGraphAuthStatus.NotFound, "missing.secret", () => connection.DropSecret("net2"));
            Check.Equal(standin.IsOld ? 200 : 404, e.HttpStatus);
            connection.DropSecret("net2", ignoreMissing: true);
            Check.Equal(2, connection.DropSecrets(new[] { "net1", named.Alias }));
            Check.Equal(0, connection.DropSecrets(Array.Empty<string>()));
        }

        public static void Another_user_is_for_4_1_and_later(Standin standin)
        {
            using var connection = new TigerGraphConnection(standin.Options(options =>
            {
                options.Secret = null;
                options.Username = "tigergraph";
                options.Password = "tigergraph";
            }));
            if (standin.IsOld)
            {
                Check.Fails(
                    TigerGraphAuthStatus.Unsupported, "unsupported.user", () => connection.GetSecrets("alice"));
                return;
            }
            Check.True(connection.GetSecrets("alice").Any(secret => secret.Alias == "standing"), "alice has no secret");
        }

        public static void The_version_of_the_server(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            Check.Equal(new Version(standin.Version + ".0"), connection.GetServerVersion());
        }

        public static async Task Async_twins_do_the_same(Standin standin)
        {
            using TigerGraphConnection connection = standin.ConnectWithPassword();
            Check.Equal(new Version(standin.Version + ".0"), await connection.GetServerVersionAsync());
            Secret secret = await connection.CreateSecretAsync("twin");
            Check.Equal("other", (await connection.EnsureSecretAsync("other")).Alias);
            Check.True((await connection.GetSecretsAsync()).Count >= 3, "there are too few secrets");
            using Token token = await connection.GetTokenAsync(secret.Value);
            using (Token same = await connection.GetAuthorizationAsync())
            {
                Check.Equal(token.Value, same.Value);
            }
            using (Token renewed = await connection.RefreshTokenAsync(secret.Value, options: TokenOptions.OrNew))
            {
                Check.True(renewed.Value.Length > 0, "there is no token");
            }
            await connection.DeleteTokenAsync(secret.Value, token.Value);
            Task<bool> check = connection.CheckJwtTokenAsync(token.Value);
            if (standin.IsOld)
            {
                await Check.ThrowsAsync<TigerGraphAuthException>(() => check);
            }
            else
            {
                Check.True(!await check, "a deleted token is taken");
            }
            await connection.DropSecretAsync("twin");
            Check.Equal(1, await connection.DropSecretsAsync(new[] { "other" }));
        }

        public static void Retry_after_reaches_the_exception(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using TigerGraphConnection brief = connection.WithTimeout(TimeSpan.FromSeconds(1));
            standin.Fault("\"action\":\"Reply\",\"status\":503,\"headers\":{\"Retry-After\":\"7\"},\"body\":\"\"");
            TigerGraphAuthException e = Check.Throws<TigerGraphAuthException>(() => brief.GetToken());
            Check.Equal(TigerGraphAuthStatus.Unavailable, e.Status);
            Check.Equal(503, e.HttpStatus);
            Check.Equal(TimeSpan.FromSeconds(7), e.RetryAfter);
            Check.True(e.Hint != null && e.ServerCode == null, "hint or code");
        }

        public static async Task A_diagnosis_tells_what_works_and_what_does_not(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            DiagnosticReport report = await connection.DiagnoseAsync();
            Check.Contains("\"ok\":true", report.Json);
            Check.Equal(report.Text, report.ToString());
            Check.Lacks(standin.Secret, report.Text + report.Json);
            using TigerGraphConnection wrong = standin.Connect(options => options.Secret = "neverasecretatall");
            standin.ForgetRequests();
            Check.Lacks("auth.bad_secret", wrong.Diagnose(offline: true).Json);
            Check.Equal(0, standin.Requests().Length);
            Check.Contains("auth.bad_secret", wrong.Diagnose().Json);
        }

        public static void A_certificate_of_nobody_is_refused(Standin standin)
        {
            if (standin.CaFile != null)
            {
                using TigerGraphConnection connection = standin.Connect(options => options.CaFile = null);
                Check.Fails(TigerGraphAuthStatus.Tls, "tls.unknown_issuer", () => connection.GetToken());
            }
        }

        public static void Without_authentication_the_header_is_empty(Standin standin)
        {
            if (!standin.IsOld)
            {
                return;
            }
            standin.SetAuthentication(false);
            try
            {
                using TigerGraphConnection connection = standin.Connect();
                using Token token = connection.GetAuthorization();
                Check.Equal(string.Empty, token.Header);
                Check.Equal("Token (expires at an unknown time)", token.ToString());
            }
            finally
            {
                standin.SetAuthentication(true);
            }
        }
    }
}
