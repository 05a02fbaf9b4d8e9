using System;
using System.Linq;
using System.Reflection;

namespace TigerGraphAuth.Tests
{
    internal static class BadInputTests
    {
        private const string Canary = "canary0123456789abcdef";

        public static void Null_where_it_means_nothing_is_refused(Standin standin)
        {
            standin.ForgetRequests();
            using TigerGraphConnection connection = standin.Connect();
            var refused = Check.Throws<ArgumentNullException>(() => new TigerGraphConnection(null!));
            Check.Equal("options", refused.ParamName);
            Check.Equal("alias", Check.Throws<ArgumentNullException>(() => connection.EnsureSecret(null!)).ParamName);
            Check.Equal("alias", Check.Throws<ArgumentNullException>(() => connection.DropSecret(null!)).ParamName);
            Check.Equal("aliases", Check.Throws<ArgumentNullException>(() => connection.DropSecrets(null!)).ParamName);
            Check.Throws<ArgumentNullException>(() => connection.DropSecrets(new[] { "one", null! }));
            Check.Equal("jwt", Check.Throws<ArgumentNullException>(() => connection.CheckJwtToken(null!)).ParamName);
            Check.Equal("token", Check.Throws<ArgumentNullException>(() => connection.RejectToken(null!)).ParamName);
            Check.Equal("alias", Check.Throws<ArgumentNullException>(() => connection.GetSecret(null!)).ParamName);
            Check.Equal("token", Check.Throws<ArgumentNullException>(() => connection.CheckToken(null!)).ParamName);
            Check.Equal("request", Check.Throws<ArgumentNullException>(() => connection.Send(null!)).ParamName);
            Check.Equal("path", Check.Throws<ArgumentNullException>(() => connection.UriFor(null!)).ParamName);
            Check.Throws<ArgumentNullException>(() => new DatabaseRequest(null!, "/"));
            Check.Throws<ArgumentNullException>(() => new DatabaseRequest("GET", null!));
            Check.Throws<ArgumentNullException>(() => new DatabaseRequest("GET", "/").SetBody(null!));
            var files = new[] { standin.CaFile ?? "/dev/null", null! };
            var added = Check.Throws<ArgumentNullException>(() => standin.Connect(o => o.AddedCaFiles = files));
            Check.Equal("AddedCaFiles", added.ParamName);
            var parameters = new OAuth2Options { Parameters = { ["scope"] = null! } };
            var none = Check.Throws<ArgumentNullException>(() => standin.Connect(o => o.OAuth2 = parameters));
            Check.Equal("Parameters", none.ParamName);
            Check.Throws<ArgumentNullException>(() => new AuthorizationHandler(null!));
            Check.Throws<ArgumentNullException>(() => new AuthorizationHandler(connection, null!));
            Check.Equal(0, standin.Requests().Length);
        }

        public static void A_NUL_character_is_refused_in_every_text(Standin standin)
        {
            const string text = Canary + "\0x";
            foreach (PropertyInfo property in typeof(ConnectionOptions).GetProperties())
            {
                if (property.PropertyType == typeof(string))
                {
                    var options = standin.Options();
                    property.SetValue(options, text);
                    var e = Check.Throws<ArgumentException>(() => new TigerGraphConnection(options));
                    Check.Equal(property.Name, e.ParamName);
                    Check.Lacks(Canary, e.ToString());
                }
            }
            foreach (PropertyInfo property in typeof(OAuth2Options).GetProperties().Where(p => p.CanWrite))
            {
                var options = new OAuth2Options();
                property.SetValue(options, text);
                var e = Check.Throws<ArgumentException>(() => standin.Connect(o => o.OAuth2 = options));
                Check.Equal(property.Name, e.ParamName);
                Check.Lacks(Canary, e.ToString());
            }
            var parameters = new OAuth2Options { Parameters = { ["scope"] = text } };
            var refused = Check.Throws<ArgumentException>(() => standin.Connect(o => o.OAuth2 = parameters));
            Check.Equal("Parameters", refused.ParamName);
            using TigerGraphConnection connection = standin.Connect();
            Check.Throws<ArgumentException>(() => connection.GetSecrets(text));
            Check.Throws<ArgumentException>(() => connection.CreateSecret(text));
            Check.Throws<ArgumentException>(() => connection.CreateSecret("a", text));
            Check.Throws<ArgumentException>(() => connection.EnsureSecret(text));
            Check.Throws<ArgumentException>(() => connection.DropSecret(text));
            Check.Throws<ArgumentException>(() => connection.DropSecrets(new[] { "a", text }));
            Check.Throws<ArgumentException>(() => connection.GetToken(text));
            Check.Throws<ArgumentException>(() => connection.RefreshToken(null, text));
            Check.Throws<ArgumentException>(() => connection.DeleteToken(null, text));
            Check.Throws<ArgumentException>(() => connection.GetSecret(text));
            Check.Throws<ArgumentException>(() => connection.GetSecret("a", text));
            Check.Throws<ArgumentException>(() => connection.Send(new DatabaseRequest(text, "/echo")));
            Check.Throws<ArgumentException>(() => connection.Send(new DatabaseRequest("GET", text)));
            Check.Throws<ArgumentException>(
                () => connection.Send(new DatabaseRequest("GET", "/echo") { Headers = { ["X-A"] = text } }));
            Check.Throws<ArgumentException>(() => connection.Send(
                new DatabaseRequest("POST", "/echo") { Body = new byte[1], ContentType = text }));
            Check.Throws<ArgumentException>(() => standin.Connect(o => o.AddedCaFiles = new[] { text }));
            var last = Check.Throws<ArgumentException>(() => connection.CheckJwtToken(text));
            Check.Equal("jwt", last.ParamName);
            Check.Lacks(Canary, last.ToString());
        }

        public static void Half_a_surrogate_pair_is_refused_and_not_replaced()
        {
            var e = Check.Throws<ArgumentException>(
                () => new TigerGraphConnection(new ConnectionOptions { Host = "h", Secret = Canary + "\ud800" }));
            Check.Equal("Secret", e.ParamName);
            Check.Lacks(Canary, e.ToString());
            Check.Lacks("D800", e.ToString());
            Check.Throws<ArgumentException>(() => new DatabaseRequest("POST", "/echo").SetBody("\ud800"));
        }

        public static void Numbers_out_of_range_are_refused_by_name()
        {
            void Refused(string name, Action<ConnectionOptions> change)
            {
                var options = new ConnectionOptions { Host = "h" };
                change(options);
                var e = Check.Throws<ArgumentOutOfRangeException>(() => new TigerGraphConnection(options));
                Check.Equal(name, e.ParamName);
            }
            Refused("RestppPort", options => options.RestppPort = 65536);
            Refused("GsqlPort", options => options.GsqlPort = -1);
            Refused("ConnectTimeout", options => options.ConnectTimeout = TimeSpan.FromMilliseconds(-1));
            Refused("TotalTimeout", options => options.TotalTimeout = TimeSpan.MaxValue);
            using var connection = new TigerGraphConnection(new ConnectionOptions { Host = "h" });
            Check.Throws<ArgumentOutOfRangeException>(() => connection.WithTimeout(TimeSpan.FromTicks(-1)));
            Check.Throws<ArgumentOutOfRangeException>(() => connection.Url(0));
            Check.Throws<ArgumentOutOfRangeException>(() => connection.UriFor("/", (Server)3));
            Check.Throws<ArgumentOutOfRangeException>(() => new DatabaseRequest("GET", "/") { ResponseLimit = -1 });
        }

        public static void A_path_cannot_lead_to_another_host()
        {
            using var connection = new TigerGraphConnection(new ConnectionOptions { Host = "h" });
            Check.Equal("path", Check.Throws<ArgumentException>(() => connection.UriFor(".example.com/")).ParamName);
            Check.Equal("path", Check.Throws<ArgumentException>(() => connection.UriFor("@example.com/")).ParamName);
            Check.Equal("h", connection.UriFor("//example.com/").Host);
        }

        /// <summary>There it could wait for ever; the other tests of providers do not run there.</summary>
        public static void Mono_has_no_token_providers()
        {
            var options = new ConnectionOptions { Host = "h", TokenProvider = _ => new ProvidedToken("canarycanary") };
            if (Check.IsMono)
            {
                Check.Throws<PlatformNotSupportedException>(() => new TigerGraphConnection(options));
                return;
            }
            new TigerGraphConnection(options).Dispose();
        }

        public static void What_the_library_refuses_names_the_setting()
        {
            TigerGraphAuthException missing = Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "argument.null",
                () => new TigerGraphConnection(new ConnectionOptions()));
            Check.Contains("host", missing.Message);
            Check.Contains("Give the server's address to ConnectionOptions.Host, or set TG_HOST", missing.Hint!);
            Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "config.conflict",
                () => new TigerGraphConnection(new ConnectionOptions { Host = "h", Secret = Canary, Jwt = "e.y.j" }));
            Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "argument.range",
                () => new TigerGraphConnection(
                    new ConnectionOptions { Host = "h", TokenLifetime = TimeSpan.FromSeconds(-0.5) }));
            using var connection = new TigerGraphConnection(new ConnectionOptions { Host = "h" });
            Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "argument.flags",
                () => connection.GetToken(Canary, options: (TokenOptions)64));
            Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "argument.header",
                () => connection.Send(
                    new DatabaseRequest("GET", "/echo") { Headers = { ["Authorization"] = Canary } }));
        }

        public static void No_credential_is_shown(Standin standin)
        {
            var options = standin.Options(o => o.Secret = Canary);
            options.Password = null;
            using var connection = new TigerGraphConnection(options);
            var e = Check.Throws<TigerGraphAuthException>(() => connection.GetToken());
            Check.Equal("auth.bad_secret", e.Reason);
            Check.Contains("Reason: auth.bad_secret", e.ToString());
            using TigerGraphConnection good = standin.Connect();
            using Token token = good.GetToken();
            Secret secret = standin.WithPassword(c => c.GetSecrets().First());
            foreach (object shown in new object[] { options, connection, e, token, secret })
            {
                foreach (string credential in new[] { Canary, standin.Secret, token.Value, secret.Value })
                {
                    Check.Lacks(credential, shown.ToString()!);
                }
            }
            Check.Contains("Token (expires 20", token.ToString());
            Check.Equal("Secret standing", secret.ToString());
        }
    }
}
