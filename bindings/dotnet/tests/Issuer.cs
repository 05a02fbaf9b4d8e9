using System;
using System.Security.Cryptography;
using System.Text;

namespace TigerGraphAuth.Tests
{
    /// <summary>Issues JWTs that a stand-in of 4.1 or later accepts.</summary>
    internal sealed class Issuer
    {
        private const string Name = "https://login.example.com";

        private readonly string _key = Guid.NewGuid().ToString("N");

        public Issuer(Standin standin) => standin.TrustIssuer(Name, _key);

        /// <summary>A token for alice, for an hour. No two are equal.</summary>
        public string Issue()
        {
            long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            string text = Encode("{\"alg\":\"HS256\"}") + "." + Encode(
                $"{{\"iss\":\"{Name}\",\"sub\":\"alice\",\"iat\":{now},\"exp\":{now + 3600},\"jti\":\"{Guid.NewGuid()}\"}}");
            using var hash = new HMACSHA256(Encoding.ASCII.GetBytes(_key));
            return text + "." + Encode(hash.ComputeHash(Encoding.ASCII.GetBytes(text)));
        }

        private static string Encode(string text) => Encode(Encoding.ASCII.GetBytes(text));

        private static string Encode(byte[] bytes) =>
            Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
