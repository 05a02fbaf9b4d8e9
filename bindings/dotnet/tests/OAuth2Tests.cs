using System;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace TigerGraphAuth.Tests
{
    /// <summary>Tokens of an authorization server, which a stand-in of 4.2 accepts.</summary>
    internal static class OAuth2Tests
    {
        private const string Canary = "canary0123456789abcdef";

        public static void A_client_logs_in_with_its_secret_and_parameters(Standin standin)
        {
            var issuer = new Issuer(standin);
            using var endpoint = new TokenEndpoint(() => TokenEndpoint.Granted(issuer.Issue()));
            using TigerGraphConnection connection = Connect(standin, endpoint, options =>
            {
                options.ClientSecret = Canary;
                options.Parameters["scope"] = "read write";
                options.Parameters["audience"] = "tigergraph";
            });
            Uses(standin, connection);
            (string login, string form) = endpoint.Asked.Single();
            Check.Equal("client:" + Canary, login);
            foreach (string member in new[] { "grant_type=client_credentials", "scope=read%20write", "audience=tigergraph" })
            {
                Check.Contains(member, form);
            }
            Check.Lacks(Canary, form);
            using Token first = connection.CurrentToken();
            Check.True(first.ExpiresAt > DateTimeOffset.UtcNow.AddMinutes(55), $"it expires {first.ExpiresAt}");
            connection.RejectToken(first);
            using Token next = connection.GetAuthorization();
            Check.True(next.Value != first.Value, "it is the rejected token");
            Check.Equal(2, endpoint.Asked.Count);
        }

        public static void A_client_logs_in_with_a_file(Standin standin)
        {
            var issuer = new Issuer(standin);
            string file = Path.GetTempFileName();
            try
            {
                File.WriteAllText(file, Canary + "\n");
                Process.Start("chmod", $"600 {file}").WaitForExit();
                using var endpoint = new TokenEndpoint(() => TokenEndpoint.Granted(issuer.Issue()));
                using TigerGraphConnection connection = Connect(standin, endpoint, options =>
                {
                    options.ClientSecretFile = file;
                    options.Parameters["client_auth"] = "form";
                });
                Uses(standin, connection);
                (string login, string form) = endpoint.Asked.Single();
                Check.Equal(string.Empty, login);
                Check.Contains("client_secret=" + Canary, form);
            }
            finally
            {
                File.Delete(file);
            }
        }

        public static void What_the_authorization_server_says_is_told(Standin standin)
        {
            using var refusing = new TokenEndpoint(() => TokenEndpoint.Refused("invalid_scope"));
            using TigerGraphConnection refused = Connect(standin, refusing, options => options.ClientSecret = Canary);
            TigerGraphAuthException e = Check.Fails(
                TigerGraphAuthStatus.Unauthenticated, "oauth2.refused", () => refused.GetAuthorization());
            Check.Contains("invalid_scope", e.Message);
            Check.Lacks(Canary, e.ToString());
            using var busy = new TokenEndpoint(() => TokenEndpoint.Answer("503 Busy\r\nRetry-After: 77", "{}"));
            using TigerGraphConnection waits = Connect(standin, busy, options => options.ClientSecret = Canary);
            e = Check.Fails(TigerGraphAuthStatus.Unavailable, "oauth2.unavailable", () => waits.GetAuthorization());
            Check.True(e.RetryAfter > TimeSpan.FromSeconds(70), $"ask again after {e.RetryAfter}");
        }

        public static void What_is_wrong_with_the_settings_is_told_in_words_of_the_package()
        {
            var options = new ConnectionOptions
            {
                Host = "h", OAuth2 = new OAuth2Options { TokenUrl = "https://h/token", ClientId = "client" },
            };
            TigerGraphAuthException e = Check.Fails(
                TigerGraphAuthStatus.InvalidArgument, "config.conflict", () => new TigerGraphConnection(options));
            Check.Lacks("tg_", e.ToString());
            options.OAuth2.Parameters["client_assertion"] = Canary;
            new TigerGraphConnection(options).Dispose();
            options.OAuth2.Parameters["grant_type"] = "password";
            e = Check.Fails(
                TigerGraphAuthStatus.InvalidArgument, "config.conflict", () => new TigerGraphConnection(options));
            Check.Contains("ConnectionOptions.OAuth2", e.Hint!);
            options.OAuth2.Parameters.Remove("grant_type");
            options.Secret = Canary;
            e = Check.Fails(
                TigerGraphAuthStatus.InvalidArgument, "config.conflict", () => new TigerGraphConnection(options));
            Check.Lacks(Canary, e.ToString());
        }

        private static TigerGraphConnection Connect(
            Standin standin, TokenEndpoint endpoint, Action<OAuth2Options> change) =>
            standin.Connect(options =>
            {
                options.Secret = null;
                options.OAuth2 = new OAuth2Options { TokenUrl = endpoint.Url, ClientId = "client" };
                change(options.OAuth2);
            });

        /// <summary>Servers before 4.1 do not take these tokens.</summary>
        private static void Uses(Standin standin, TigerGraphConnection connection)
        {
            using Token token = connection.GetAuthorization();
            if (!standin.IsOld)
            {
                var request = new DatabaseRequest("GET", "/graph/MyGraph/vertices/Person");
                using DatabaseResponse response = connection.Send(request);
                Check.Equal(200, response.HttpStatus);
            }
        }
    }
}
