using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Runtime.CompilerServices;

namespace TigerGraphAuth.Tests
{
    internal static class LogTests
    {
        public static void Lines_come_with_their_level_and_hold_no_credential(Standin standin)
        {
            var lines = new ConcurrentQueue<(LogLevel Level, string Text)>();
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.ServerVersion = null;
                options.LogLevel = LogLevel.Debug;
                options.Log = (level, text) => lines.Enqueue((level, text));
            });
            using Token token = connection.GetToken();
            Check.True(lines.Count(line => line.Level == LogLevel.Debug) >= 2, "there are too few lines");
            Check.True(lines.Any(line => line.Level == LogLevel.Information), "no line tells the generation");
            string all = string.Join("\n", lines.Select(line => line.Text));
            Check.Contains("POST /", all);
            Check.Lacks(standin.Secret, all);
            Check.Lacks(token.Value, all);
        }

        public static void An_exception_in_the_log_stops_nothing(Standin standin)
        {
            int called = 0;
            using TigerGraphConnection connection = standin.Connect(options =>
            {
                options.LogLevel = LogLevel.Debug;
                options.Log = (level, text) =>
                {
                    called++;
                    throw new InvalidOperationException("the disk is full");
                };
            });
            using Token token = connection.GetToken();
            Check.True(token.Value.Length > 0 && called > 0, "no token, or no line");
        }

        public static void The_log_is_kept_until_the_connection_is_gone_and_no_longer(Standin standin)
        {
            const int count = 20;
            var lines = new int[1];
            (TigerGraphConnection Connection, WeakReference Log)[] all = Connect(standin, count, lines);
            Collect();
            foreach ((TigerGraphConnection connection, WeakReference log) in all)
            {
                Check.True(log.IsAlive, "a log was collected too early");
                int before = lines[0];
                connection.GetToken().Dispose();
                Check.True(lines[0] > before, "no line came after a collection");
            }
            Array.ForEach(all, one => one.Connection.Dispose());
            Collect();
            // Mono takes anything on the stack that looks like a reference for one, so that a few may be left.
            int held = all.Count(one => one.Log.IsAlive);
            Check.True(held <= 3, $"{held} logs are still held");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static (TigerGraphConnection Connection, WeakReference Log)[] Connect(
            Standin standin, int count, int[] lines) =>
            Enumerable.Range(0, count).Select(i =>
            {
                Action<LogLevel, string> log = (level, text) => lines[0] += i > -1 ? 1 : 0;
                TigerGraphConnection connection = standin.Connect(options =>
                {
                    options.LogLevel = LogLevel.Debug;
                    options.Log = log;
                });
                return (connection, new WeakReference(log));
            }).ToArray();

        private static void Collect()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    }
}
