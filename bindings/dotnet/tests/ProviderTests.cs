using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>Tokens that a function of the program brings.</summary>
    internal static class ProviderTests
    {
        private const string Canary = "canary0123456789abcdef";
        private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

        public static async Task Tokens_of_a_provider_are_shared_renewed_and_replaced(Standin standin)
        {
            int asked = 0;
            using TigerGraphConnection other = standin.Connect();
            using TigerGraphConnection connection = Connect(standin, request =>
            {
                asked++;
                Check.True(request.TimeLeft > TimeSpan.FromSeconds(5), $"{request.TimeLeft} left");
                Check.True(!request.IsCancelled, "it is cancelled already");
                using Token token = other.GetToken(options: TokenOptions.KeepCurrent);
                return new ProvidedToken(token.Value, token.ExpiresAt);
            });
            Token[] tokens = await Task.WhenAll(
                Enumerable.Range(0, 64).Select(_ => connection.GetAuthorizationAsync()));
            Check.Equal(1, tokens.Select(token => token.Value).Distinct().Count());
            Check.True(tokens[0].ExpiresAt > DateTimeOffset.UtcNow.AddMinutes(1), $"it expires {tokens[0].ExpiresAt}");
            Check.Equal(1, asked);
            standin.ExpireTokens();
            Check.Equal(200, Ask(connection));
            Check.Equal(2, asked);
            connection.GetToken().Dispose();
            Check.Equal(3, asked);
            Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "argument.range",
                () => connection.GetToken(lifetime: TimeSpan.FromHours(1)));
        }

        public static void A_JWT_says_when_it_expires(Standin standin)
        {
            var issuer = new Issuer(standin);
            using TigerGraphConnection connection = Connect(standin, _ => new ProvidedToken(issuer.Issue()));
            using Token token = connection.GetAuthorization();
            double minutes = (token.ExpiresAt!.Value - DateTimeOffset.UtcNow).TotalMinutes;
            Check.True(minutes > 55 && minutes < 65, $"it lives for {minutes} minutes");
            Check.True(standin.IsOld || Ask(connection) == 200, "the database does not take it");
        }

        public static void The_end_of_a_token_is_as_the_provider_says()
        {
            DateTimeOffset end = DateTimeOffset.UtcNow.AddHours(2);
            Check.Equal<long?>(end.ToUnixTimeSeconds(), EndOf(new ProvidedToken(Canary, end)));
            Check.Equal<long?>(null, EndOf(new ProvidedToken(Canary)));
            Check.Equal("ProvidedToken", new ProvidedToken(Canary).ToString());
            Check.Lacks(Canary, new ProvidedToken(Canary, end).ToString());
            // Long ago is not the same as unknown.
            Fails("protocol.shape", _ => new ProvidedToken(Canary, DateTimeOffset.MinValue));
        }

        public static void A_provider_without_a_token_says_why()
        {
            TigerGraphAuthException e = Fails("provider.refused", _ => throw new TokenProviderException(
                "the vault is sealed\0\ud800", refused: true, retryAfter: TimeSpan.FromMinutes(7)));
            Check.Equal(TigerGraphAuthStatus.Unauthenticated, e.Status);
            Check.Contains("the vault is sealed", e.Message);
            Check.True(e.RetryAfter > TimeSpan.FromMinutes(6), $"ask again after {e.RetryAfter}");
            e = Fails("provider.refused", _ => throw new TokenProviderException("no", refused: true));
            Check.True(e.RetryAfter > TimeSpan.FromSeconds(20), $"ask again after {e.RetryAfter}");
            e = Fails("provider.unavailable", _ => throw new TokenProviderException("nobody is there"));
            Check.Equal(TigerGraphAuthStatus.Unavailable, e.Status);
            Check.Contains("nobody is there", e.Message);
            Check.True(e.RetryAfter < TimeSpan.FromSeconds(10), $"ask again after {e.RetryAfter}");
            e = Fails("provider.unavailable", _ => throw new InvalidOperationException(Canary));
            Check.Contains("it threw an exception: Invalid Operation Exception", e.Message);
            Check.Lacks(Canary, e.ToString());
            Check.Contains("it returned null", Fails("provider.unavailable", _ => null!).Message);
        }

        public static void The_failure_of_another_connection_is_passed_on(Standin standin)
        {
            using TigerGraphConnection other = standin.Connect(options => options.Secret = Canary);
            TigerGraphAuthException e = Fails("provider.refused", _ =>
            {
                using Token token = other.GetToken();
                return new ProvidedToken(token.Value);
            });
            Check.Contains(Check.Throws<TigerGraphAuthException>(() => other.GetToken()).Message, e.Message);
        }

        public static void What_is_no_token_is_refused()
        {
            string[] wrong = { string.Empty, "short", Canary + "\0", Canary + "\ud800", Canary + "\u00e4" };
            foreach (string token in wrong)
            {
                TigerGraphAuthException e = Fails("protocol.shape", _ => new ProvidedToken(token));
                Check.Contains("A token has 8 to 8192", e.Hint!);
                Check.Lacks(Canary, e.ToString());
            }
            TigerGraphAuthException bearer = Fails("protocol.shape", _ => new ProvidedToken("Bearer " + Canary));
            Check.Contains("without \"Bearer \"", bearer.Hint!);
            Check.Throws<ArgumentNullException>(() => new ProvidedToken(null!));
        }

        /// <summary>.NET has no way to abort a thread, and says so by an exception.</summary>
        public static void A_provider_that_aborts_its_thread_has_no_token()
        {
            TigerGraphAuthException e = Fails("provider.unavailable", _ =>
            {
                Thread.CurrentThread.Abort();
                return new ProvidedToken(Canary);
            });
            Check.Contains("it threw an exception: ", e.Message);
        }

        public static async Task A_provider_hears_when_nobody_waits_any_more()
        {
            TokenProviderRequest? asked = null;
            bool heard = false;
            var returned = new TaskCompletionSource<bool>();
            using TigerGraphConnection connection = Connect(request =>
            {
                asked = request;
                request.CancellationToken.Register(() => throw new InvalidOperationException(Canary));
                heard = request.CancellationToken.WaitHandle.WaitOne(Long) && request.IsCancelled
                    && request.TimeLeft == TimeSpan.Zero;
                returned.SetResult(true);
                throw new OperationCanceledException();
            });
            using var source = new CancellationTokenSource(300);
            await Check.ThrowsAsync<OperationCanceledException>(
                () => connection.GetAuthorizationAsync(source.Token)).ConfigureAwait(false);
            await returned.Task.ConfigureAwait(false);
            Check.True(heard, "the provider was not told");
            Check.True(asked!.IsCancelled && asked.TimeLeft == TimeSpan.Zero, "a request that is over has time left");
            Check.True(asked.CancellationToken.IsCancellationRequested, "a request that is over is not cancelled");
        }

        public static async Task Disposing_of_the_connection_tells_its_provider()
        {
            var begun = new TaskCompletionSource<bool>();
            var heard = new TaskCompletionSource<bool>();
            TigerGraphConnection connection = Connect(request =>
            {
                begun.SetResult(true);
                heard.SetResult(request.CancellationToken.WaitHandle.WaitOne(Long));
                return new ProvidedToken(Canary);
            });
            Task<Token> call = connection.GetAuthorizationAsync();
            await begun.Task.ConfigureAwait(false);
            connection.Dispose();
            Check.True(await heard.Task.ConfigureAwait(false), "the provider was not told");
            Check.Fails(TigerGraphAuthStatus.Cancelled, "cancelled", () => call.GetAwaiter().GetResult());
        }

        public static void A_provider_that_overstays_is_named()
        {
            using var end = new ManualResetEventSlim();
            using TigerGraphConnection connection = Connect(request =>
            {
                end.Wait(Long);
                return new ProvidedToken(Canary);
            });
            using TigerGraphConnection brief = connection.WithTimeout(TimeSpan.FromMilliseconds(300));
            TigerGraphAuthException e = Check.Throws<TigerGraphAuthException>(() => brief.GetToken());
            Check.Equal(TigerGraphAuthStatus.Timeout, e.Status);
            e = Check.Fails(TigerGraphAuthStatus.Unavailable, "provider.unavailable", () => connection.GetToken());
            Check.Contains("TokenProviderRequest.TimeLeft", e.Hint!);
            end.Set();
        }

        public static void A_provider_that_asks_its_own_connection_is_refused()
        {
            TigerGraphConnection? own = null;
            string reason = string.Empty;
            using TigerGraphConnection connection = Connect(request =>
            {
                using var source = new CancellationTokenSource();
                reason = Check.Throws<TigerGraphAuthException>(() => own!.GetAuthorization(source.Token)).Reason;
                return new ProvidedToken(Canary);
            });
            own = connection;
            using Token token = connection.GetAuthorization();
            Check.Equal("argument.recursion", reason);
            Check.Equal(Canary, token.Value);
        }

        /// <summary>Threads and processes that are started there inherit them.</summary>
        public static void A_provider_and_its_log_block_no_other_signals_than_the_program(Standin standin)
        {
            var blocked = new ConcurrentBag<string>();
            string expected = BlockedSignals();
            using TigerGraphConnection other = standin.Connect();
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.Secret = null;
                options.LogLevel = LogLevel.Debug;
                options.Log = (level, line) => blocked.Add("log " + BlockedSignals());
                options.TokenProvider = request =>
                {
                    blocked.Add("provider " + BlockedSignals());
                    var thread = new Thread(() => blocked.Add("thread " + BlockedSignals()));
                    thread.Start();
                    thread.Join();
                    using Token token = other.GetToken(options: TokenOptions.KeepCurrent);
                    return new ProvidedToken(token.Value, DateTimeOffset.UtcNow.AddSeconds(2));
                };
            });
            Check.Equal(200, Ask(connection));
            Check.Equal(expected, BlockedSignals());
            Check.True(blocked.Count >= 3, "there are too few lines");
            foreach (string found in blocked)
            {
                Check.Equal(expected, found.Split(' ')[1]);
            }
        }

        public static async Task Garbage_is_collected_while_a_provider_computes()
        {
            using TigerGraphConnection connection = Connect(request =>
            {
                var watch = Stopwatch.StartNew();
                long sum = 0;
                while (watch.ElapsedMilliseconds < 1000)
                {
                    sum += new byte[100].Length + Fibonacci(20);
                }
                return new ProvidedToken(Canary + sum);
            });
            Task<Token> call = connection.GetAuthorizationAsync();
            int collections = 0;
            while (!call.IsCompleted)
            {
                GC.Collect();
                collections++;
            }
            using Token token = await call.ConfigureAwait(false);
            Check.True(collections > 20, $"only {collections} collections");
        }

        public static void A_provider_is_kept_until_its_connection_is_gone_and_no_longer()
        {
            const int count = 20;
            var asked = new int[1];
            (TigerGraphConnection Connection, WeakReference Provider)[] all = ConnectMany(count, asked);
            Collect();
            foreach ((TigerGraphConnection connection, WeakReference provider) in all)
            {
                Check.True(provider.IsAlive, "a provider was collected too early");
                int before = asked[0];
                connection.GetAuthorization().Dispose();
                Check.Equal(before + 1, asked[0]);
            }
            Array.ForEach(all, one => one.Connection.Dispose());
            // The library's threads release them.
            int held = count;
            for (int i = 0; i < 50 && held > 3; i++)
            {
                Thread.Sleep(20);
                Collect();
                held = all.Count(one => one.Provider.IsAlive);
            }
            // Mono takes anything on the stack that looks like a reference for one, so that a few may be left.
            Check.True(held <= 3, $"{held} providers are still held");
        }

        public static void A_provider_that_no_connection_took_is_released()
        {
            WeakReference[] all = Enumerable.Range(0, 20).Select(_ => Refuse()).ToArray();
            Collect();
            int held = all.Count(one => one.IsAlive);
            Check.True(held <= 3, $"{held} providers are still held");
        }

        public static void A_program_ends_while_a_provider_runs() =>
            Check.Equal("ends", ChildProcess.Run("provider", new Dictionary<string, string?>()));

        internal static int Child()
        {
            using var begun = new ManualResetEventSlim();
            using TigerGraphConnection connection = Connect(request =>
            {
                begun.Set();
                Thread.Sleep(Timeout.Infinite);
                return new ProvidedToken(Canary);
            });
            _ = connection.GetAuthorizationAsync();
            Console.WriteLine(begun.Wait(Long) ? "ends" : "the provider was not asked");
            return 0;
        }

        private static TigerGraphConnection Connect(Func<TokenProviderRequest, ProvidedToken> provider) =>
            new TigerGraphConnection(new ConnectionOptions { Host = "http://127.0.0.1:1", TokenProvider = provider });

        private static TigerGraphConnection Connect(
            Standin standin, Func<TokenProviderRequest, ProvidedToken> provider) =>
            standin.Connect(options =>
            {
                options.Secret = null;
                options.TokenProvider = provider;
            });

        private static string BlockedSignals() =>
            File.ReadAllLines("/proc/thread-self/status").Single(line => line.StartsWith("SigBlk:")).Split('\t')[1];

        private static int Ask(TigerGraphConnection connection)
        {
            var request = new DatabaseRequest("GET", "/graph/MyGraph/vertices/Person");
            using DatabaseResponse response = connection.Send(request);
            return response.HttpStatus;
        }

        private static long? EndOf(ProvidedToken provided)
        {
            using TigerGraphConnection connection = Connect(_ => provided);
            using Token token = connection.GetToken();
            return token.ExpiresAt?.ToUnixTimeSeconds();
        }

        private static TigerGraphAuthException Fails(
            string reason, Func<TokenProviderRequest, ProvidedToken> provider)
        {
            using TigerGraphConnection connection = Connect(provider);
            var e = Check.Throws<TigerGraphAuthException>(() => connection.GetAuthorization());
            Check.Equal(reason, e.Reason);
            return e;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static (TigerGraphConnection Connection, WeakReference Provider)[] ConnectMany(
            int count, int[] asked) =>
            Enumerable.Range(0, count).Select(i =>
            {
                Func<TokenProviderRequest, ProvidedToken> provider = _ =>
                {
                    asked[0] += i > -1 ? 1 : 0;
                    return new ProvidedToken(Canary);
                };
                return (Connect(provider), new WeakReference(provider));
            }).ToArray();

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static WeakReference Refuse()
        {
            var own = new object();
            Func<TokenProviderRequest, ProvidedToken> provider = _ => new ProvidedToken(own.ToString()!);
            Check.Throws<TigerGraphAuthException>(() => new TigerGraphConnection(
                new ConnectionOptions { Host = "h", Secret = Canary, TokenProvider = provider }));
            return new WeakReference(provider);
        }

        private static void Collect()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }

        private static int Fibonacci(int n) => n < 2 ? n : Fibonacci(n - 1) + Fibonacci(n - 2);
    }
}
