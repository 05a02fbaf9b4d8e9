using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    internal static class ThreadTests
    {
        public static async Task Sixty_four_tasks_share_a_connection_and_one_renewal(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            standin.ForgetRequests();
            Token[] tokens = await Task.WhenAll(
                Enumerable.Range(0, 64).Select(_ => connection.GetAuthorizationAsync()));
            Check.Equal(1, tokens.Select(token => token.Value).Distinct().Count());
            Check.Equal(1, standin.Requests().Length);
            Array.ForEach(tokens, token => token.Dispose());
        }

        public static async Task Sixty_four_tasks_make_calls_of_their_own(Standin standin)
        {
            using TigerGraphConnection connection = standin.Connect();
            using var source = new CancellationTokenSource();
            await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
            {
                for (int call = 0; call < 10; call++)
                {
                    using Token token = await connection.GetTokenAsync(
                        lifetime: TimeSpan.FromSeconds(1000 + i),
                        options: TokenOptions.KeepCurrent,
                        cancellationToken: i % 2 == 0 ? source.Token : CancellationToken.None);
                    double life = (token.ExpiresAt!.Value - DateTimeOffset.UtcNow).TotalSeconds;
                    Check.True(life > 900 && life < 1200, $"lives for {life} s");
                }
            }));
        }

        /// <summary>Each thread's errors name what that thread did, always.</summary>
        public static void Sixteen_threads_with_400_failures_each_get_their_own_errors(Standin standin)
        {
            using TigerGraphConnection connection = standin.ConnectWithPassword();
            int failures = 0;
            var wrong = new ConcurrentBag<string>();
            Thread[] threads = Enumerable.Range(0, 16).Select(i => new Thread(() =>
            {
                for (int call = 0; call < 400; call++)
                {
                    // Half of them tell by the flag whose they are, the others by the reason what went wrong.
                    string found = (call % 4) switch
                    {
                        0 => Failure("missing.secret", "secret", () => connection.DropSecret($"thread_{i}_{call}")),
                        1 => Failure("config.file", "ca_file", () => new TigerGraphConnection(
                            new ConnectionOptions { Host = "https://h", CaFile = $"/nowhere/{i}" })),
                        _ => Failure("argument.flags", $"0x{1 << (8 + i):x},", () => connection.GetToken(
                            options: (TokenOptions)(1 << (8 + i)))),
                    };
                    Interlocked.Increment(ref failures);
                    if (found.Length > 0)
                    {
                        wrong.Add(found);
                    }
                }
            })).ToArray();
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Console.WriteLine($"        {failures} failures, {wrong.Count} with a wrong error");
            Check.Equal(6400, failures);
            Check.True(wrong.IsEmpty, wrong.FirstOrDefault() ?? string.Empty);
        }

        /// <summary>Empty if the call fails with this reason and a message that has this mark.</summary>
        private static string Failure(string reason, string mark, Action call)
        {
            TigerGraphAuthException e = Check.Throws<TigerGraphAuthException>(call);
            return e.Reason == reason && e.Message.Contains(mark)
                ? string.Empty
                : $"wanted {reason} and {mark}, got {e.Reason}: {e.Message}";
        }
    }
}
