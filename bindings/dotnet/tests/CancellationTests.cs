using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    internal static class CancellationTests
    {
        private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(200);

        // Far below the 30 seconds that these calls would last otherwise, and far above what a busy machine needs.
        private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

        public static void A_token_that_is_cancelled_already_sends_nothing(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            var cancelled = new CancellationToken(canceled: true);
            standin.ForgetRequests();
            Check.Throws<OperationCanceledException>(() => connection.GetToken(cancellationToken: cancelled));
            Check.Throws<OperationCanceledException>(() => connection.GetTokenAsync(cancellationToken: cancelled)
                .GetAwaiter().GetResult());
            Check.Equal(0, standin.Requests().Length);
        }

        public static void A_call_is_stopped_while_it_waits_for_the_answer(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            standin.Hang();
            OperationCanceledException e = Stopped(token => connection.GetToken(cancellationToken: token));
            Check.Equal(TigerGraphAuthStatus.Cancelled, ((TigerGraphAuthException)e.InnerException!).Status);
            using Token afterwards = connection.GetToken();
            Check.True(afterwards.Value.Length > 0, "the connection is of no use any more");
        }

        public static async Task An_async_call_is_stopped_too(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            standin.Hang();
            using var source = new CancellationTokenSource(Soon);
            var e = await Check.ThrowsAsync<OperationCanceledException>(
                () => connection.GetTokenAsync(cancellationToken: source.Token));
            Check.Equal("cancelled", ((TigerGraphAuthException)e.InnerException!).Reason);
        }

        public static void A_secret_whose_creation_is_stopped_may_exist(Standin standin)
        {
            using TigerGraphConnection connection = standin.ConnectWithPassword();
            connection.GetSecrets();
            standin.Hang();
            OperationCanceledException e = Stopped(token => connection.CreateSecret("lost", cancellationToken: token));
            var inner = (TigerGraphAuthException)e.InnerException!;
            Check.Equal(TigerGraphAuthStatus.UnknownOutcome, inner.Status);
            Check.Contains("lost", inner.Message);
        }

        public static void A_call_is_stopped_during_the_TLS_handshake()
        {
            using var server = new SilentServer();
            using var connection = new TigerGraphConnection(
                new ConnectionOptions { Host = server.Url, Secret = "abcdefghijkl", ServerVersion = "4.2" });
            OperationCanceledException e = Stopped(token => connection.GetToken(cancellationToken: token));
            Check.Equal("cancelled", ((TigerGraphAuthException)e.InnerException!).Reason);
            Check.Equal(1, server.Accepted);
        }

        /// <summary>The library forgets a cancellation for which there is no call yet.</summary>
        public static void A_cancellation_just_before_the_library_begins_is_not_lost()
        {
            using var server = new SilentServer();
            var options = new ConnectionOptions { Host = server.Url, Secret = "abcdefghijkl", ServerVersion = "4.2" };
            using ConfigHandle config = NativeConfig.From(options);
            Check.Equal(0, NativeMethods.tg_conn_new(config, out ConnectionHandle handle, out _));
            using var source = new CancellationTokenSource();
            using (handle)
            using (new CallCanceller(handle, source.Token, CancellationToken.None))
            {
                source.Cancel();
                Thread.Sleep(100);
                var watch = Stopwatch.StartNew();
                int status = NativeMethods.tg_authorization(handle, out _, out IntPtr error);
                Check.Fails(
                    TigerGraphAuthStatus.Cancelled,
                    "cancelled",
                    () => TigerGraphAuthException.ThrowIfFailed(status, error));
                Check.True(watch.Elapsed < Late, $"it went on for {watch.Elapsed}");
            }
        }

        public static void A_cancellation_at_any_moment_stops_the_call()
        {
            using var server = new SilentServer();
            using var connection = new TigerGraphConnection(
                new ConnectionOptions { Host = server.Url, Secret = "abcdefghijkl", ServerVersion = "4.2" });
            var random = new Random(1);
            for (int i = 0; i < 100; i++)
            {
                using var source = new CancellationTokenSource();
                int spins = random.Next(3000);
                var canceller = new Thread(() =>
                {
                    Thread.SpinWait(spins);
                    source.Cancel();
                });
                canceller.Start();
                var watch = Stopwatch.StartNew();
                Check.Throws<OperationCanceledException>(() => connection.GetToken(cancellationToken: source.Token));
                Check.True(watch.Elapsed < Late, $"call {i} went on for {watch.Elapsed}");
                canceller.Join();
            }
        }

        public static void Only_the_cancelled_call_is_stopped(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            standin.Fault("\"action\":\"Delay\",\"milliseconds\":1500");
            Task<Token> other = connection.GetTokenAsync();
            Thread.Sleep(500);
            standin.Hang();
            Stopped(token => connection.GetToken(cancellationToken: token));
            Check.True(other.Result.Value.Length > 0, "the other call has no token");
            other.Result.Dispose();
        }

        public static void A_limit_for_one_call(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using TigerGraphConnection brief = connection.WithTimeout(Soon);
            using Token token = connection.GetToken();
            using Token shared = brief.CurrentToken();
            Check.Equal(token.Value, shared.Value);
            standin.Hang();
            var watch = Stopwatch.StartNew();
            Check.Fails(TigerGraphAuthStatus.Timeout, "timeout.response", () => brief.GetToken());
            Check.True(watch.Elapsed < Late, $"it took {watch.Elapsed}");
        }

        /// <summary>Runs a call that would wait for long, and stops it after a short while.</summary>
        private static OperationCanceledException Stopped(Action<CancellationToken> call)
        {
            using var source = new CancellationTokenSource(Soon);
            var watch = Stopwatch.StartNew();
            var e = Check.Throws<OperationCanceledException>(() => call(source.Token));
            Check.True(watch.Elapsed > TimeSpan.FromMilliseconds(150), $"it was stopped after {watch.Elapsed}");
            Check.True(watch.Elapsed < Late, $"it went on for {watch.Elapsed}");
            Check.Equal(source.Token, e.CancellationToken);
            return e;
        }
    }
}
