#if NETCOREAPP
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;

namespace TigerGraphAuth.Tests
{
    /// <summary>What serializers write of objects with credentials in them. Mono without its serializers has none to ask.
    /// </summary>
    internal static class SerializationTests
    {
        private const string Canary = "canary0123456789canary0123456789";

        private static ConnectionOptions Filled => new ConnectionOptions
        {
            Host = "https://db.example.com",
            Username = "alice",
            Password = Canary,
            Secret = Canary,
            ApiToken = Canary,
            Jwt = Canary,
            Proxy = $"http://me:{Canary}@127.0.0.1:3128",
            ConnectTimeout = TimeSpan.FromSeconds(7),
            OAuth2 = new OAuth2Options
            {
                TokenUrl = "https://login.example.com",
                ClientSecret = Canary,
                Parameters = { ["client_assertion"] = Canary },
            },
            TokenProvider = new Vault(Canary).Provide,
            Log = new Vault(Canary).Write,
        };

        /// <summary>Whoever adds a text has to say which kind it is.</summary>
        public static void Every_text_is_a_credential_or_known_not_to_be_one()
        {
            string[] harmless =
            {
                "Alias", "CaFile", "CaPem", "ClientCertificateFile", "ClientId", "ClientKeyFile", "ClientSecretFile",
                "EnvironmentFile", "Expiration", "Graph", "Host", "JwtFile", "PasswordFile", "PinSha256", "Profile",
                "SecretFile", "ServerVersion", "TokenCache", "TokenUrl", "UserAgent", "Username",
            };
            Type[] types =
            {
                typeof(ConnectionOptions), typeof(OAuth2Options), typeof(Token), typeof(Secret), typeof(ProvidedToken),
            };
            string[] unmarked = types
                .SelectMany(type => type.GetProperties())
                .Where(property => property.PropertyType == typeof(string))
                .Where(property => !property.IsDefined(typeof(CredentialAttribute), inherit: false))
                .Select(property => property.Name).Distinct().OrderBy(name => name, StringComparer.Ordinal).ToArray();
            Check.Equal(string.Join(" ", harmless), string.Join(" ", unmarked));
        }

        public static void Data_contracts_write_no_credential()
        {
            using var stream = new MemoryStream();
            new DataContractSerializer(typeof(ConnectionOptions)).WriteObject(stream, Filled);
            string written = Encoding.UTF8.GetString(stream.ToArray());
            Check.Contains("db.example.com", written);
            Check.Lacks(Canary, written);
        }

        public static void System_Text_Json_reads_credentials_and_writes_none(Standin standin)
        {
            foreach (object one in Holders(standin))
            {
                string written = JsonSerializer.Serialize(one, one.GetType());
                Check.True(written.Length > 20, $"{one.GetType().Name} is {written}");
                CheckLacksCredentials(standin, written);
            }
            ConnectionOptions read = JsonSerializer.Deserialize<ConnectionOptions>(
                $"{{\"Host\":\"h\",\"Secret\":\"{Canary}\",\"OAuth2\":{{\"ClientSecret\":\"{Canary}\"}}}}");
            Check.Equal($"h {Canary} {Canary}", $"{read.Host} {read.Secret} {read.OAuth2!.ClientSecret}");
            Check.Equal(null, JsonSerializer.Deserialize<ConnectionOptions>(JsonSerializer.Serialize(Filled)).Secret);
        }

        public static void Newtonsoft_Json_writes_no_credential(Standin standin)
        {
            foreach (object one in Holders(standin))
            {
                string written = Newtonsoft.Json.JsonConvert.SerializeObject(one);
                Check.True(written.Length > 20, $"{one.GetType().Name} is {written}");
                CheckLacksCredentials(standin, written);
            }
        }

        private static IEnumerable<object> Holders(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token token = connection.GetToken();
            yield return token;
            yield return standin.WithPassword(mine => mine.GetSecrets()[0]);
            yield return new ProvidedToken(Canary, DateTimeOffset.UtcNow);
            yield return Filled;
        }

        private static void CheckLacksCredentials(Standin standin, string written)
        {
            Check.Lacks(Canary, written);
            Check.Lacks(standin.Secret, written);
            Check.Lacks("Bearer", written);
        }

        /// <summary>Something with a credential that a delegate belongs to.</summary>
        private sealed class Vault
        {
            public Vault(string token) => Token = token;

            public string Token { get; }

            public ProvidedToken Provide(TokenProviderRequest request) => new ProvidedToken(Token);

            public void Write(LogLevel level, string line)
            {
            }
        }
    }
}
#endif
