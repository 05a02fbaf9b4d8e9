using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    internal static class HandlerTests
    {
        private const string Query = "/restpp/graph/MyGraph/vertices/Person";

        public static async Task A_request_gets_the_header(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            standin.ForgetRequests();
            using HttpResponseMessage response = await client.GetAsync(standin.Url + Query);
            Check.Equal(HttpStatusCode.OK, response.StatusCode);
            Check.Contains("results", await response.Content.ReadAsStringAsync());
            Check.Equal(2, standin.Requests().Length);
            using Token token = connection.CurrentToken();
            Check.Lacks(token.Value, response.RequestMessage.ToString());
        }

        public static async Task A_refused_token_is_replaced_and_the_request_sent_once_more(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            using Token first = connection.GetAuthorization();
            standin.ExpireTokens();
            standin.ForgetRequests();
            byte[] body = Encoding.UTF8.GetBytes("{\"a\":1}");
            using var content = new StreamContent(new Unseekable(body));
            content.Headers.ContentLength = body.Length;
            using HttpResponseMessage response = await client.PostAsync(standin.Url + Query, content);
            Check.Equal(HttpStatusCode.OK, response.StatusCode);
            Check.Equal(3, standin.Requests().Length);
            string log = standin.Log();
            Check.Equal(2, log.Split(new[] { "{\\\"a\\\":1}" }, StringSplitOptions.None).Length - 1);
            using Token second = connection.CurrentToken();
            Check.True(first.Value != second.Value, "the token is the old one");
        }

        public static async Task What_cannot_be_sent_again_is_sent_once_and_the_answer_can_be_read(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            using Token first = connection.GetAuthorization();
            standin.ExpireTokens();
            standin.ForgetRequests();
            using var content = new StreamContent(new Unseekable(new byte[10]));
            using HttpResponseMessage response = await client.PostAsync(standin.Url + Query, content);
            Check.Equal(HttpStatusCode.Unauthorized, Plain(response.StatusCode));
            Check.Contains("REST-1001", await response.Content.ReadAsStringAsync());
            Check.Equal(1, standin.Requests().Length);
            using Token second = connection.GetAuthorization();
            Check.True(first.Value != second.Value, "the token was not rejected");
        }

        public static async Task Once_more_is_once(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            using (connection.GetAuthorization())
            {
                standin.ForgetRequests();
            }
            for (int i = 0; i < 2; i++)
            {
                Refuse(standin, "{\\\"error\\\":true,\\\"code\\\":\\\"REST-10019\\\"}");
            }
            using HttpResponseMessage response = await client.GetAsync(standin.Url + Query);
            Check.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Check.Equal(2, standin.Requests().Count(request => request.Contains(Query)));
            using HttpResponseMessage third = await client.GetAsync(standin.Url + Query);
            Check.Equal(HttpStatusCode.OK, third.StatusCode);
        }

        public static async Task Another_refusal_is_no_reason_to_try_again(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            using Token token = connection.GetAuthorization();
            string[] refusals =
            {
                "{\\\"error\\\":true,\\\"code\\\":\\\"REST-10018\\\"}",
                "{\\\"code\\\":\\\"REST-10016\\\"}",
                "<html>\\\"code\\\":\\\"REST-10016\\\"</html>",
                "{\\\"message\\\":\\\"code: REST-10016\\\"}",
                string.Empty,
            };
            foreach (string body in refusals)
            {
                Refuse(standin, body);
                standin.ForgetRequests();
                using HttpResponseMessage response = await client.GetAsync(standin.Url + Query);
                Check.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Check.Equal(body.Replace("\\", string.Empty), await response.Content.ReadAsStringAsync());
                Check.Equal(1, standin.Requests().Length);
            }
            using Token current = connection.CurrentToken();
            Check.Equal(token.Value, current.Value);
        }

        public static async Task Without_another_token_the_answer_is_the_database_s(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.Secret = null;
                options.ApiToken = "abcdefabcdef0123456789";
            });
            using HttpClient client = Client(standin, connection);
            using HttpResponseMessage response = await client.GetAsync(standin.Url + Query);
            Check.Equal(HttpStatusCode.Unauthorized, Plain(response.StatusCode));
            Check.Contains("REST-10016", await response.Content.ReadAsStringAsync());
        }

        public static async Task No_other_place_gets_the_token(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using var seen = new Recorder();
            using var client = new HttpClient(new AuthorizationHandler(connection, seen));
            string scheme = standin.CaFile == null ? "http" : "https";
            string[] others =
            {
                "https://localhost/", "https://127.0.0.1.example.com/", "https://example.com/127.0.0.1",
                $"{scheme}://127.0.0.1/", $"{scheme}://127.0.0.1:1/x",
            };
            foreach (string other in others.Concat(scheme == "https" ? new[] { "http://127.0.0.1/" } : new string[0]))
            {
                using HttpResponseMessage response = await client.GetAsync(other);
                Check.Equal(null, seen.Authorization);
            }
            using (HttpResponseMessage response = await client.GetAsync(standin.Url + "/x"))
            {
                using Token token = connection.CurrentToken();
                Check.Equal(token.Header, seen.Authorization);
            }
            using var own = new HttpRequestMessage(HttpMethod.Get, standin.Url);
            own.Headers.TryAddWithoutValidation("Authorization", "Basic abc");
            using HttpResponseMessage last = await client.SendAsync(own);
            Check.Equal("Basic abc", seen.Authorization);
        }

        public static async Task Every_server_of_the_connection_gets_the_token_on_its_ports(Standin standin)
        {
            string first = standin.Url.Split('/').Last();
            string scheme = standin.Url.Split(':')[0];
            string file = Path.GetTempFileName();
            File.WriteAllText(file, "TG_SSL_PORT=14242\n");
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.Host = $"{standin.Url},{scheme}://localhost,{scheme}://[::1]:99/base";
                options.GsqlPort = 14241;
                options.EnvironmentFile = file;
                options.Secret = null;
                options.ApiToken = "abcdefabcdef0123456789";
            });
            File.Delete(file);
            using var seen = new Recorder();
            using var handler = new AuthorizationHandler(connection, seen)
            {
                Hosts = { "127.0.0.2:77", "127.0.0.3" },
            };
            using var client = new HttpClient(handler);
            string[] ours =
            {
                first, "LOCALHOST:443", "localhost:9000", "localhost:14240", "localhost:14241", "localhost:14242", "[::1]:99",
                "[::1]:14241", "127.0.0.1:14241", "127.0.0.2:77", "127.0.0.3",
            };
            string[] others =
            {
                "localhost:99", "[::1]:9000", "127.0.0.1:9000", "127.0.0.2", "127.0.0.2:78", "127.0.0.3:77", "127.0.0.4",
            };
            foreach (string place in ours.Concat(others))
            {
                (await client.GetAsync($"{scheme}://{place}/x")).Dispose();
                Check.True((seen.Authorization != null) == ours.Contains(place), $"{place}: {seen.Authorization != null}");
            }
        }

        public static async Task A_request_without_a_token_is_a_line_in_the_log(Standin standin)
        {
            var lines = new List<string>();
            foreach (LogLevel level in new[] { LogLevel.Debug, LogLevel.Information })
            {
                using TigerGraphConnection connection = standin.Connect(options =>
                {
                    options.LogLevel = level;
                    options.Log = (its, line) => lines.Add($"{its}: {line}");
                });
                using var seen = new Recorder();
                using TigerGraphConnection brief = connection.WithTimeout(TimeSpan.FromSeconds(9));
                using var client = new HttpClient(new AuthorizationHandler(brief, seen));
                (await client.GetAsync("https://me:word@db2.example.com:14240/secret/path?token=x")).Dispose();
                using var own = new HttpRequestMessage(HttpMethod.Get, standin.Url + "/x");
                own.Headers.TryAddWithoutValidation("Authorization", "one two three");
                (await client.SendAsync(own)).Dispose();
                if (standin.CaFile != null)
                {
                    (await client.GetAsync(standin.Url.Replace("https", "http"))).Dispose();
                }
            }
            string expected = "Debug: no token for a request to https://db2.example.com:14240: it is no server of the "
                + $"connection|Debug: no token for a request to {standin.Url}: it has an Authorization header";
            if (standin.CaFile != null)
            {
                string plain = standin.Url.Replace("https", "http");
                expected += $"|Debug: no token for a request to {plain}: the connection is over https";
            }
            Check.Equal(expected, string.Join("|", lines.Where(line => line.Contains("no token for"))));
        }

        /// <summary>HttpClientHandler follows redirects below the handler, and drops the header.</summary>
        public static async Task A_redirect_does_not_carry_the_token_away(Standin standin)
        {
            if (standin.CaFile != null)
            {
                return;
            }
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            using var elsewhere = new HeaderServer();
            string location = $"{{\"Location\":\"{elsewhere.Url}\"}}";
            standin.Fault($"\"action\":\"Reply\",\"status\":302,\"headers\":{location},\"body\":\"\"", Query);
            using HttpResponseMessage response = await client.GetAsync(standin.Url + Query);
            Check.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Check.Equal(1, elsewhere.Requests);
            Check.Lacks("authorization", elsewhere.Seen.ToLowerInvariant());
            using Token token = connection.CurrentToken();
            Check.True(token.Value.Length > 0, "the token was rejected because of another server's answer");
        }

        public static async Task Cancellation_reaches_the_request_for_a_token(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using HttpClient client = Client(standin, connection);
            standin.Hang();
            using var source = new CancellationTokenSource(200);
            await Check.ThrowsAsync<OperationCanceledException>(
                () => client.GetAsync(standin.Url + Query, source.Token));
        }

        public static async Task A_failure_to_get_a_token_is_the_library_s_exception(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect(options => options.Secret = "neverasecretatall");
            using HttpClient client = Client(standin, connection);
            var e = await Check.ThrowsAsync<TigerGraphAuthException>(() => client.GetAsync(standin.Url + Query));
            Check.Equal("auth.bad_secret", e.Reason);
        }

        private static HttpClient Client(Standin standin, TigerGraphConnection connection)
        {
            var inner = new HttpClientHandler();
            if (standin.CaFile != null)
            {
                // The system does not know the stand-in's CA.
                inner.ServerCertificateCustomValidationCallback = (request, certificate, chain, errors) => true;
            }
            return new HttpClient(new AuthorizationHandler(connection, inner));
        }

        private static void Refuse(Standin standin, string body) =>
            standin.Fault(
                $"\"action\":\"Reply\",\"status\":401,\"content_type\":\"application/json\",\"body\":\"{body}\"",
                Query);

        /// <summary>The stand-in refuses an expired token with either status, by its version.</summary>
        private static HttpStatusCode Plain(HttpStatusCode status) =>
            status == HttpStatusCode.Forbidden ? HttpStatusCode.Unauthorized : status;

        private sealed class Recorder : HttpMessageHandler
        {
            public string? Authorization { get; private set; }

            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
            {
                Authorization = request.Headers.Authorization?.ToString();
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("") });
            }
        }

        /// <summary>A stream that can be read once.</summary>
        private sealed class Unseekable : MemoryStream
        {
            public Unseekable(byte[] bytes)
                : base(bytes)
            {
            }

            public override bool CanSeek => false;
        }
    }
}
