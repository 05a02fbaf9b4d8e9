using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
#if NETCOREAPP
using System.Security.Cryptography;
#endif

namespace TigerGraphAuth.Tests
{
    /// <summary>Clients and handlers that are made from a connection.</summary>
    internal static class HttpClientTests
    {
        private const string People = "/graph/MyGraph/vertices/Person?limit=3";

        public static async Task A_client_is_ready_for_the_database(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            if (Check.IsMono && standin.CaFile != null)
            {
                var e = Check.Throws<PlatformNotSupportedException>(() => connection.CreateHttpClient());
                Check.Contains("Mono cannot check the server's certificate", e.Message);
                return;
            }
            using HttpClient client = connection.CreateHttpClient();
            Check.Contains("\"results\":[", await client.GetStringAsync(connection.UriFor(People)));
            standin.ExpireTokens();
            Check.Contains("\"results\":[", await client.GetStringAsync(connection.UriFor(People)));
        }

        public static async Task Only_the_authorities_of_the_connection_are_trusted(Standin standin)
        {
            if (standin.CaFile == null || Check.IsMono)
            {
                return;
            }
            using Standin other = Standin.Start(standin.Version, tls: true);
            using TigerGraphConnection connection = standin.Connect();
            using var client = new HttpClient(connection.CreateHttpHandler());
            await Check.ThrowsAsync<HttpRequestException>(() => client.GetAsync(other.Url + "/"));
            using TigerGraphConnection asAdded = standin.Connect(options =>
            {
                options.CaFile = null;
                options.AddedCaFiles = new[] { standin.CaFile };
            });
            using var second = new HttpClient(asAdded.CreateHttpHandler());
            (await second.GetAsync(standin.Url + "/")).Dispose();
            await Check.ThrowsAsync<HttpRequestException>(() => second.GetAsync(other.Url + "/"));
            using TigerGraphConnection insecure = standin.Connect(options =>
            {
                options.CaFile = null;
                options.InsecureTls = true;
            });
            using var third = new HttpClient(insecure.CreateHttpHandler());
            (await third.GetAsync(other.Url + "/")).Dispose();
        }

        public static async Task A_certificate_for_another_host_stays_refused(Standin standin)
        {
            if (standin.CaFile == null || Check.IsMono)
            {
                return;
            }
            X509Certificate2? shown = null;
            using var handler = new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = (request, certificate, chain, errors) =>
                {
                    shown = new X509Certificate2(certificate.RawData);
                    return true;
                },
            };
            using var client = new HttpClient(handler);
            (await client.GetAsync(standin.Url + "/")).Dispose();
            string pem = File.ReadAllText(standin.CaFile);
            var alone = new Authorities(pem, besideSystem: false);
            Check.True(Accepts(alone, shown, SslPolicyErrors.RemoteCertificateChainErrors), "a good one is refused");
            Check.True(Accepts(alone, shown, SslPolicyErrors.None), "a good one is refused");
            foreach (SslPolicyErrors errors in new[]
            {
                SslPolicyErrors.RemoteCertificateNameMismatch,
                SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors,
                SslPolicyErrors.RemoteCertificateNotAvailable,
            })
            {
                Check.True(!Accepts(alone, shown, errors), $"accepted with {errors}");
            }
            Check.True(!Accepts(alone, null, SslPolicyErrors.None), "accepted without a certificate");
        }

#if NETCOREAPP
        public static void A_chain_has_to_be_good_and_to_end_at_an_authority()
        {
            using X509Certificate2 root = Issue("CN=root", null, isAuthority: true);
            using X509Certificate2 double_ = Issue("CN=root", null, isAuthority: true);
            using X509Certificate2 middle = Issue("CN=middle", root, isAuthority: true);
            using X509Certificate2 good = Issue("CN=server", root);
            using X509Certificate2 below = Issue("CN=server", middle);
            using X509Certificate2 late = Issue("CN=server", root, daysAgo: 10);
            using X509Certificate2 forClients = Issue("CN=server", root, purpose: "1.3.6.1.5.5.7.3.2");
            using X509Certificate2 nobody = Issue("CN=server", null);
            using X509Certificate2 notAllowed = Issue("CN=server", good);
            var trusted = new Authorities(Pem(root), besideSystem: false);
            Check.True(Accepts(trusted, good), "a good one is refused");
            Check.True(!Accepts(trusted, below), "accepted without what is between");
            Check.True(Accepts(trusted, below, sent: middle), "a good chain is refused");
            Check.True(Accepts(new Authorities(Pem(middle), false), below), "one below another is no authority");
            Check.True(!Accepts(new Authorities(Pem(double_), false), good), "accepted by the name of its issuer");
            Check.True(Accepts(new Authorities(Pem(double_) + Pem(root), false), good), "the second is not trusted");
            Check.True(!Accepts(trusted, late), "accepted after its end");
            Check.True(!Accepts(trusted, forClients), "accepted for another purpose");
            Check.True(!Accepts(trusted, nobody), "accepted with no issuer");
            Check.True(!Accepts(trusted, notAllowed, sent: good), "accepted from an issuer that is no authority");
            Check.True(!Accepts(new Authorities(string.Empty, false), good, SslPolicyErrors.None), "the system counts");
            Check.True(Accepts(new Authorities(string.Empty, true), good, SslPolicyErrors.None), "it does not");
            Check.True(!Accepts(new Authorities(string.Empty, true), good), "accepted though the system refuses it");
        }
#endif

        public static void What_a_handler_would_not_have_is_refused(Standin standin)
        {
            var settings = new Dictionary<string, Action<ConnectionOptions>>
            {
                ["Proxy"] = options => options.Proxy = "http://127.0.0.1:3128",
            };
            if (standin.CaFile != null)
            {
                settings["PinSha256"] = options => options.PinSha256 = Convert.ToBase64String(new byte[32]);
            }
#if NETCOREAPP
            using X509Certificate2 client = Issue("CN=client", null);
            string file = Path.GetTempFileName();
            byte[] key = client.GetRSAPrivateKey()!.ExportPkcs8PrivateKey();
            File.WriteAllText(file, Pem(client) + Pem(key, "PRIVATE KEY"));
            settings["ClientCertificateFile"] = options => options.ClientCertificateFile = options.ClientKeyFile = file;
#endif
            foreach (KeyValuePair<string, Action<ConnectionOptions>> setting in settings)
            {
                using TigerGraphConnection connection = standin.Connect(setting.Value);
                var e = Check.Throws<NotSupportedException>(() => connection.CreateHttpClient());
                Check.Contains($"the setting {setting.Key}, which", e.Message);
            }
#if NETCOREAPP
            File.Delete(file);
#endif
            if (Check.IsMono && standin.CaFile != null)
            {
                return;
            }
            using TigerGraphConnection plain = standin.Connect();
            using TigerGraphConnection asEnvironment = standin.Connect(options => options.Proxy = "env");
            Check.True(!plain.CreateHttpHandler().UseProxy, "it uses a proxy");
            Check.True(asEnvironment.CreateHttpHandler().UseProxy, "it does not use the proxy of the environment");
            plain.Dispose();
            Check.Throws<ObjectDisposedException>(() => plain.CreateHttpHandler());
        }

        private static bool Accepts(
            Authorities authorities,
            X509Certificate2? certificate,
            SslPolicyErrors errors = SslPolicyErrors.RemoteCertificateChainErrors,
            X509Certificate2? sent = null)
        {
            using var chain = new X509Chain();
            if (sent != null)
            {
                chain.ChainPolicy.ExtraStore.Add(sent);
            }
            return authorities.Accept(null!, certificate!, chain, errors);
        }

#if NETCOREAPP
        /// <summary>A certificate of this issuer, or of its own, that was good for 20 days until so many days ago.</summary>
        private static X509Certificate2 Issue(
            string name,
            X509Certificate2? issuer,
            bool isAuthority = false,
            int daysAgo = -10,
            string purpose = "1.3.6.1.5.5.7.3.1")
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
            if (!isAuthority)
            {
                var purposes = new OidCollection { new Oid(purpose) };
                request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, false));
            }
            DateTimeOffset end = DateTimeOffset.UtcNow.AddDays(-daysAgo);
            if (issuer == null)
            {
                return request.CreateSelfSigned(end.AddDays(-20), end);
            }
            var generator = X509SignatureGenerator.CreateForRSA(issuer.GetRSAPrivateKey(), RSASignaturePadding.Pkcs1);
            byte[] number = Guid.NewGuid().ToByteArray();
            number[0] &= 0x7f;
            DateTimeOffset begin = end.AddDays(-20);
            return request.Create(issuer.SubjectName, generator, begin, end, number).CopyWithPrivateKey(key);
        }

        private static string Pem(X509Certificate2 certificate) => Pem(certificate.RawData, "CERTIFICATE");

        private static string Pem(byte[] data, string kind)
        {
            string text = Convert.ToBase64String(data, Base64FormattingOptions.InsertLineBreaks);
            return $"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n";
        }
#endif
    }
}
