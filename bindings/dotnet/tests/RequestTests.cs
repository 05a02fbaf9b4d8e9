using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>Requests that the library sends.</summary>
    internal static class RequestTests
    {
        private const string People = "/graph/MyGraph/vertices/Person";

        // Far below the 30 seconds that these calls would last otherwise, and far above what a busy machine needs.
        private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

        public static async Task A_request_brings_the_database_s_answer(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            standin.ForgetRequests();
            using DatabaseResponse response = connection.Send(new DatabaseRequest("GET", People + "?limit=3"));
            Check.Equal(200, response.HttpStatus);
            Check.Contains("\"results\":[", response.Text());
            Check.Equal(response.Text(), Encoding.UTF8.GetString(response.Body.Span));
            Check.Equal(response.Length, response.Body.Length);
            Check.Contains("application/json", response.Header("content-TYPE")!);
            Check.Equal(null, response.Header("X-Never"));
            Check.Equal($"HTTP 200 with {response.Length} bytes", response.ToString());
            Check.Equal("GET /restpp" + People + " 200", standin.Requests().Last());
            Check.Equal(2, standin.Requests().Length);
            using DatabaseResponse later = await connection.SendAsync(new DatabaseRequest("GET", People));
            Check.Equal(200, later.HttpStatus);
            Check.Equal(3, standin.Requests().Length);
        }

        public static void The_gateway_is_asked_without_restpp(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            standin.Fault("\"action\":\"Reply\",\"status\":404,\"body\":\"none\"", "/api/x");
            using DatabaseResponse response = connection.Send(new DatabaseRequest("GET", "/api/x", Server.Gateway));
            Check.Equal("404 none", $"{response.HttpStatus} {response.Text()}");
            Check.Equal("GET /api/x 404", standin.Requests().Last());
        }

        public static void Headers_and_body_arrive(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            var request = new DatabaseRequest("POST", People) { Headers = { ["X-Mine"] = "first" } };
            request.Headers["x-mine"] = "caf\u00e9";
            request.SetBody("{\"a\":\"\u00fc\"}");
            standin.ForgetRequests();
            connection.Send(request).Dispose();
            string log = standin.Log();
            Check.Contains("{\\\"a\\\":\\\"\u00fc\\\"}", log);
            Check.Contains("application/json", log);
            Check.Contains("caf\u00e9", log);
            Check.Lacks("first", log);
            request.Body = Array.Empty<byte>();
            request.ContentType = "text/x-empty";
            standin.ForgetRequests();
            connection.Send(request).Dispose();
            Check.Contains("text/x-empty", standin.Log());
            request.Body = null;
            standin.ForgetRequests();
            connection.Send(request).Dispose();
            Check.Lacks("text/x-empty", standin.Log());
        }

        public static void A_body_can_be_had_as_bytes_and_asked_whether_it_is_a_refusal(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using DatabaseResponse response = connection.Send(new DatabaseRequest("GET", People));
            byte[] body = response.Bytes();
            Check.Equal(response.Text(), Encoding.UTF8.GetString(body));
            body[0] = 0;
            Check.True(response.Bytes()[0] != 0, "the copies are one");
            byte[] refusal = Encoding.ASCII.GetBytes("{\"error\":true,\"code\":\"REST-10016\"}");
            Check.True(TigerGraphConnection.IsTokenRefused(Server.Restpp, 401, refusal), "a refusal is none");
            Check.True(!TigerGraphConnection.IsTokenRefused(Server.Restpp, 401, Array.Empty<byte>()), "nothing refuses");
            Check.Throws<ArgumentNullException>(() => TigerGraphConnection.IsTokenRefused(Server.Restpp, 401, null!));
        }

        public static void A_body_may_have_any_bytes_in_it(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            Answer(standin, "\\ufeffa\\u0000b");
            using DatabaseResponse response = connection.Send(new DatabaseRequest("GET", People));
            Check.Equal("ef bb bf 61 00 62", string.Join(" ", response.Body.ToArray().Select(b => b.ToString("x2"))));
            Check.Equal("a\0b", response.Text());
            Answer(standin, string.Empty);
            using DatabaseResponse empty = connection.Send(new DatabaseRequest("GET", People));
            Check.Equal("0 ", $"{empty.Body.Length} {empty.Text()}");
        }

        public static void A_refused_token_is_replaced(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token first = connection.GetAuthorization();
            standin.ExpireTokens();
            standin.ForgetRequests();
            var request = new DatabaseRequest("POST", People);
            request.SetBody("{\"a\":1}");
            using DatabaseResponse response = connection.Send(request);
            Check.Equal(200, response.HttpStatus);
            Check.Equal(3, standin.Requests().Length);
            Check.Equal(2, standin.Requests().Count(line => line.StartsWith("POST /restpp" + People)));
            using Token second = connection.CurrentToken();
            Check.True(first.Value != second.Value, "the token is the old one");
        }

        public static void Without_another_token_the_refusal_is_the_answer(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.Secret = null;
                options.ApiToken = "abcdefabcdef0123456789";
            });
            using DatabaseResponse response = connection.Send(new DatabaseRequest("GET", People));
            Check.Contains("REST-10016", response.Text());
            Check.True(
                TigerGraphConnection.IsTokenRefused(Server.Restpp, response.HttpStatus, response.Body.Span),
                "it is not taken for a refusal");
        }

        public static void A_token_is_checked(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token token = connection.GetToken();
            if (standin.IsOld)
            {
                Check.Fails(
                    TigerGraphAuthStatus.Unsupported, "unsupported.check", () => connection.CheckToken(token));
                return;
            }
            Check.True(connection.CheckToken(token), "the token is not taken");
            standin.ExpireTokens();
            Check.True(!connection.CheckTokenAsync(token).Result, "an expired token is taken");
        }

        public static async Task One_secret_is_looked_up(Standin standin)
        {
            using TigerGraphConnection connection = standin.ConnectWithPassword();
            Secret secret = connection.GetSecret("standing");
            Check.Equal(standin.IsOld, secret.IsMasked);
            Check.Equal("standing", secret.Alias);
            Check.Equal(!standin.IsOld, secret.Value == standin.Secret);
            Check.Equal(secret.Value, (await connection.GetSecretAsync("standing")).Value);
            Check.Fails(TigerGraphAuthStatus.NotFound, "missing.secret", () => connection.GetSecret("nobody"));
            if (standin.IsOld)
            {
                Check.Fails(
                    TigerGraphAuthStatus.Unsupported,
                    "unsupported.user",
                    () => connection.GetSecret("standing", "alice"));
            }
        }

        public static void Addresses_and_certificates_for_other_clients(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using Token token = connection.GetToken();
            Check.Equal(standin.Url + "/restpp", connection.Url(Server.Restpp));
            Check.Equal(standin.Url, connection.Url(Server.Gateway));
            Check.Equal(standin.Url + "/restpp", token.Url(Server.Restpp));
            Check.Equal(standin.Url, token.Url(Server.Gateway));
            Check.Equal(standin.Url + "/restpp/a?b=%2F", connection.UriFor("/a?b=%2F").OriginalString);
            Check.Equal(standin.Url + "/a", token.UriFor("/a", Server.Gateway).OriginalString);
            string? pem = standin.CaFile == null ? null : File.ReadAllText(standin.CaFile);
            Check.Equal(pem?.Trim(), connection.CaPem?.Trim());
        }

        public static void An_added_authority_is_trusted(Standin standin)
        {
            if (standin.CaFile == null)
            {
                return;
            }
            using TigerGraphConnection without = standin.Connect(options => options.CaFile = null);
            Check.Fails(
                TigerGraphAuthStatus.Tls,
                "tls.unknown_issuer",
                () => without.Send(new DatabaseRequest("GET", People)));
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.CaFile = null;
                options.AddedCaFiles = new[] { standin.CaFile };
            });
            connection.Send(new DatabaseRequest("GET", People)).Dispose();
            Check.Contains("BEGIN CERTIFICATE", connection.CaPem!);
        }

        public static void A_request_that_hangs_is_stopped(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            connection.GetAuthorization().Dispose();
            foreach ((string method, TigerGraphAuthStatus status) in new[]
            {
                ("GET", TigerGraphAuthStatus.Cancelled), ("POST", TigerGraphAuthStatus.UnknownOutcome),
            })
            {
                standin.Hang("/restpp");
                using var source = new CancellationTokenSource(200);
                var watch = Stopwatch.StartNew();
                var e = Check.Throws<OperationCanceledException>(
                    () => connection.Send(new DatabaseRequest(method, People), source.Token));
                Check.True(watch.Elapsed > TimeSpan.FromMilliseconds(150), $"it was stopped after {watch.Elapsed}");
                Check.True(watch.Elapsed < Late, $"it went on for {watch.Elapsed}");
                Check.Equal(source.Token, e.CancellationToken);
                Check.Equal(status, ((TigerGraphAuthException)e.InnerException!).Status);
            }
            connection.Send(new DatabaseRequest("GET", People)).Dispose();
        }

        public static async Task A_request_that_hangs_on_a_thread_of_its_own_is_stopped(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            connection.GetAuthorization().Dispose();
            standin.Hang("/restpp");
            using var source = new CancellationTokenSource(200);
            var watch = Stopwatch.StartNew();
            var e = await Check.ThrowsAsync<OperationCanceledException>(
                () => connection.SendAsync(new DatabaseRequest("GET", People), source.Token));
            Check.True(watch.Elapsed < Late, $"it went on for {watch.Elapsed}");
            Check.Equal("cancelled", ((TigerGraphAuthException)e.InnerException!).Reason);
        }

        public static void A_request_has_the_limit_of_its_object(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            connection.GetAuthorization().Dispose();
            using TigerGraphConnection brief = connection.WithTimeout(TimeSpan.FromMilliseconds(200));
            standin.Hang("/restpp");
            var watch = Stopwatch.StartNew();
            Check.Fails(
                TigerGraphAuthStatus.Timeout,
                "timeout.response",
                () => brief.Send(new DatabaseRequest("GET", People)));
            Check.True(watch.Elapsed < Late, $"it went on for {watch.Elapsed}");
        }

        public static void A_longer_answer_than_allowed_is_an_error(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            Answer(standin, "12345");
            using DatabaseResponse whole = connection.Send(new DatabaseRequest("GET", People) { ResponseLimit = 5 });
            Check.Equal("12345", whole.Text());
            Answer(standin, "12345");
            Check.Fails(
                TigerGraphAuthStatus.Protocol,
                "protocol.too_large",
                () => connection.Send(new DatabaseRequest("GET", People) { ResponseLimit = 4 }));
        }

        public static void One_request_is_sent_by_many_threads(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            var request = new DatabaseRequest("POST", People);
            request.SetBody("{}");
            Task<int>[] calls = Enumerable.Range(0, 16).Select(async _ =>
            {
                using DatabaseResponse response = await connection.SendAsync(request);
                return response.HttpStatus;
            }).ToArray();
            Check.True(Task.WhenAll(calls).Result.All(status => status == 200), "one has failed");
        }

        public static void A_disposed_response_says_so(Standin standin)
        {
            TigerGraphConnection connection = standin.Connect();
            DatabaseResponse response = connection.Send(new DatabaseRequest("GET", People));
            connection.Dispose();
            ReadOnlyMemory<byte> kept = response.Body;
            response.Dispose();
            response.Dispose();
            Check.Throws<ObjectDisposedException>(() => _ = response.Body);
            Check.Throws<ObjectDisposedException>(() => response.Text());
            Check.Throws<ObjectDisposedException>(() => response.Header("Date"));
            Check.Equal(200, response.HttpStatus);
            Check.Contains("results", Encoding.UTF8.GetString(kept.Span));
        }

        /// <summary>
        /// The library's memory is a part of what the collector goes by. That of Mono does not look at it.
        /// </summary>
        public static void Responses_that_nobody_disposes_of_are_collected(Standin standin)
        {
            if (Type.GetType("Mono.Runtime") != null)
            {
                return;
            }
            using TigerGraphConnection connection = standin.Connect();
            var left = new WeakReference[100];
            Answer(standin, new string('x', 1 << 20), left.Length);
            for (int i = 0; i < left.Length; i++)
            {
                left[i] = Abandoned(connection);
            }
            int alive = left.Count(response => response.IsAlive);
            Check.True(alive < left.Length / 2, $"{alive} of {left.Length} MiB are still there");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static WeakReference Abandoned(TigerGraphConnection connection) =>
            new WeakReference(connection.Send(new DatabaseRequest("GET", People)));

        private static void Answer(Standin standin, string body, int times = 1) =>
            standin.Fault($"\"action\":\"Reply\",\"status\":200,\"body\":\"{body}\"", "/restpp/graph", times);
    }
}
