using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    internal static class DisposalTests
    {
        public static void A_disposed_connection_says_so(Standin standin)
        {
            TigerGraphConnection connection = standin.Connect();
            using Token token = connection.GetToken();
            connection.Dispose();
            connection.Dispose();
            using var source = new CancellationTokenSource();
            var calls = new Action[]
            {
                () => connection.GetToken(),
                () => connection.GetToken(cancellationToken: source.Token),
                () => connection.GetSecrets(),
                () => connection.CurrentToken(),
                () => connection.RejectToken(token),
                () => connection.WithTimeout(TimeSpan.FromSeconds(1)),
                () => connection.Url(Server.Restpp),
                () => _ = connection.CaPem,
                () => connection.CheckToken(token),
                () => connection.Send(new DatabaseRequest("GET", "/echo")),
                () => connection.GetAuthorizationAsync().GetAwaiter().GetResult(),
            };
            foreach (Action call in calls)
            {
                Check.Contains("TigerGraphConnection", Check.Throws<ObjectDisposedException>(call).Message);
            }
            Check.True(token.Value.Length > 0, "the token went with its connection");
        }

        public static void A_disposed_token_says_so(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            Token token = connection.GetToken();
            token.Dispose();
            token.Dispose();
            Check.Throws<ObjectDisposedException>(() => _ = token.Value);
            Check.Throws<ObjectDisposedException>(() => _ = token.Header);
            Check.Throws<ObjectDisposedException>(() => _ = token.ExpiresAt);
            Check.Throws<ObjectDisposedException>(() => _ = token.Expiration);
            Check.Throws<ObjectDisposedException>(() => token.Url(Server.Restpp));
            Check.Throws<ObjectDisposedException>(() => connection.RejectToken(token));
            Check.Throws<ObjectDisposedException>(() => connection.CheckToken(token));
            Check.Equal("Token (disposed)", token.ToString());
        }

        public static void Disposing_stops_the_calls_of_other_threads(Standin standin)
        {
            foreach (bool cancellable in new[] { false, true })
            {
                TigerGraphConnection connection = standin.Connect();
                using var source = new CancellationTokenSource();
                CancellationToken token = cancellable ? source.Token : CancellationToken.None;
                standin.Hang();
                Task<Token> call = connection.GetTokenAsync(cancellationToken: token);
                Thread.Sleep(500);
                var watch = Stopwatch.StartNew();
                connection.Dispose();
                Check.Fails(
                    TigerGraphAuthStatus.Cancelled, "cancelled", () => call.GetAwaiter().GetResult());
                Check.True(watch.ElapsedMilliseconds < 5000, $"it went on for {watch.Elapsed}");
            }
        }

        public static void An_object_with_another_limit_outlives_the_first(Standin standin)
        {
            TigerGraphConnection connection = standin.Connect();
            using TigerGraphConnection other = connection.WithTimeout(TimeSpan.FromSeconds(9));
            connection.Dispose();
            using Token token = other.GetToken();
            Check.True(token.Value.Length > 0, "there is no token");
        }

        /// <summary>Objects are disposed of under the feet of threads that use them.</summary>
        public static void Disposing_during_calls_is_safe(Standin standin)
        {
            for (int round = 0; round < 100; round++)
            {
                TigerGraphConnection connection = standin.Connect();
                Token token = connection.GetAuthorization();
                Task[] users = { Task.Run(() => Use(connection, token)), Task.Run(() => Use(connection, token)) };
                Thread.SpinWait(round * 200);
                token.Dispose();
                connection.Dispose();
                Task.WaitAll(users);
            }
        }

        public static void Use_from_a_finalizer_works_or_says_that_the_object_is_gone(Standin standin)
        {
            FromFinalizer.Ran = 0;
            FromFinalizer.Unexpected = null;
            for (int i = 0; i < 50; i++)
            {
                Abandon(standin.Connect());
            }
            for (int i = 0; i < 10 && FromFinalizer.Ran < 40; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Check.True(FromFinalizer.Ran >= 40, $"only {FromFinalizer.Ran} finalizers ran");
            Check.True(FromFinalizer.Unexpected == null, $"{FromFinalizer.Unexpected}");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Abandon(TigerGraphConnection connection) =>
            GC.KeepAlive(new FromFinalizer(connection, connection.GetAuthorization()));

        private static void Use(TigerGraphConnection connection, Token token)
        {
            try
            {
                while (true)
                {
                    Check.Contains(token.Value, token.Header);
                    connection.RejectToken(token);
                    using Token current = connection.GetAuthorization();
                }
            }
            catch (ObjectDisposedException)
            {
                // As expected.
            }
            catch (TigerGraphAuthException e)
                when (e.Status == TigerGraphAuthStatus.Cancelled || e.Status == TigerGraphAuthStatus.UnknownOutcome
                    || e.RetryAfter != null)
            {
                // Stopped in the middle of a request; or the library asks for no more tokens for a while.
            }
        }

        private sealed class FromFinalizer
        {
            private readonly TigerGraphConnection _connection;
            private readonly Token _token;

            public FromFinalizer(TigerGraphConnection connection, Token token)
            {
                _connection = connection;
                _token = token;
            }

            ~FromFinalizer()
            {
                try
                {
                    Check.Contains(_token.Value, _token.Header);
                    using Token current = _connection.CurrentToken();
                    using Token another = _connection.GetToken();
                    _connection.Dispose();
                }
                catch (ObjectDisposedException)
                {
                    // Its finalizer came first.
                }
                catch (Exception e)
                {
                    Unexpected = e;
                }
                Interlocked.Increment(ref Ran);
            }

            public static int Ran;

            public static Exception? Unexpected { get; set; }
        }
    }
}
