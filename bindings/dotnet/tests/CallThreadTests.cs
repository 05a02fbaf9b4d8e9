using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>Async calls wait on threads of their own, so that those of the pool are free for the program.</summary>
    internal static class CallThreadTests
    {
        private const int Calls = 100;
        private static readonly TimeSpan Late = TimeSpan.FromSeconds(20);

        // A busy machine delays a timer too, but not by this much.
        private static readonly TimeSpan MostDelay = TimeSpan.FromSeconds(1);

        public static async Task A_hundred_calls_that_hang_do_not_delay_timers_and_tasks()
        {
            using var server = new SilentServer();
            using TigerGraphConnection connection = Connect(server);
            int before = Threads();
            using var source = new CancellationTokenSource();
            using var ticks = new Ticks();
            Task<Token>[] calls = Enumerable.Range(0, Calls)
                .Select(_ => connection.GetTokenAsync(cancellationToken: source.Token)).ToArray();
            var watch = Stopwatch.StartNew();
            TimeSpan longest = TimeSpan.Zero;
            while (server.Accepted < Calls && watch.Elapsed < Late)
            {
                TimeSpan began = watch.Elapsed;
                await Task.Delay(10);
                await Task.Run(() => { });
                longest = Max(longest, watch.Elapsed - began);
            }
            Check.True(server.Accepted >= Calls, $"only {server.Accepted} calls have begun");
            Check.True(calls.All(call => !call.IsCompleted), "a call has ended");
            Check.True(longest < MostDelay, $"a delay of 10 ms took {longest}");
            Check.True(ticks.Longest < MostDelay, $"the timer did not fire for {ticks.Longest}");
            watch.Restart();
            source.Cancel();
            foreach (Task<Token> call in calls)
            {
                var e = await Check.ThrowsAsync<OperationCanceledException>(() => call);
                Check.Equal("cancelled", ((TigerGraphAuthException)e.InnerException!).Reason);
                Check.True(call.IsCanceled, $"the task is {call.Status}");
            }
            Check.True(watch.Elapsed < Late, $"the calls went on for {watch.Elapsed}");
            // All but a few end at once, and those few when they had nothing to do for a while.
            await FallsTo(before + CallThreads.MostIdle + 8, CallThreads.IdleTime);
            await FallsTo(before + 8, CallThreads.IdleTime + Late);
        }

        public static async Task The_handler_for_HttpClient_does_not_hold_the_pool_either()
        {
            using var server = new SilentServer();
            TigerGraphConnection connection = Connect(server);
            using var client = new System.Net.Http.HttpClient(
                new AuthorizationHandler(connection, new System.Net.Http.HttpClientHandler()));
            using var ticks = new Ticks();
            Task[] calls = Enumerable.Range(0, Calls).Select(_ => (Task)client.GetAsync(server.Url)).ToArray();
            var watch = Stopwatch.StartNew();
            while (ticks.Count < 100 && watch.Elapsed < Late)
            {
                await Task.Delay(10);
            }
            Check.True(ticks.Longest < MostDelay, $"the timer did not fire for {ticks.Longest}");
            connection.Dispose();
            foreach (Task call in calls)
            {
                await Check.ThrowsAsync<Exception>(() => call);
            }
        }

        public static async Task One_call_after_the_other_uses_one_thread()
        {
            var threads = new HashSet<int>();
            for (int i = 0; i < 100; i++)
            {
                threads.Add(await CallThreads.Run(() => Thread.CurrentThread.ManagedThreadId, CancellationToken.None));
                // Until it waits again.
                await Task.Delay(1);
            }
            Check.True(threads.Count < 20, $"{threads.Count} threads for 100 calls");
        }

        public static async Task Calls_at_once_have_threads_of_their_own()
        {
            for (int round = 0; round < 20; round++)
            {
                using var all = new Barrier(Calls);
                bool[] met = await Task.WhenAll(Enumerable.Range(0, Calls).Select(
                    _ => CallThreads.Run(() => all.SignalAndWait(Late), CancellationToken.None)));
                Check.True(met.All(one => one), "some calls waited for the others to end");
            }
        }

        public static async Task A_task_is_as_one_of_the_pool()
        {
            Check.True(
                await CallThreads.Run(
                    () => Thread.CurrentThread.IsBackground && !Thread.CurrentThread.IsThreadPoolThread
                        && TaskScheduler.Current == TaskScheduler.Default,
                    CancellationToken.None),
                "the thread is not one of its own");
            Task<int> failed = CallThreads.Run<int>(() => throw new CheckFailed("meant"), CancellationToken.None);
            await Check.ThrowsAsync<CheckFailed>(() => failed);
            Check.Equal(TaskStatus.Faulted, failed.Status);
            bool ran = false;
            Task cancelled = CallThreads.Run(() => { ran = true; }, new CancellationToken(canceled: true));
            await Check.ThrowsAsync<TaskCanceledException>(() => cancelled);
            Check.Equal(TaskStatus.Canceled, cancelled.Status);
            Check.True(!ran, "a call that was cancelled before it began was made");
        }

        /// <summary>A continuation that blocks, or never ends, blocks no thread of a call.</summary>
        public static async Task What_follows_a_call_runs_elsewhere()
        {
            int caller = 0;
            using var held = new ManualResetEventSlim();
            Task<int> call = CallThreads.Run(
                () =>
                {
                    held.Wait();
                    return caller = Thread.CurrentThread.ManagedThreadId;
                },
                CancellationToken.None);
            Task<int> next = call.ContinueWith(
                _ => Thread.CurrentThread.ManagedThreadId, TaskContinuationOptions.ExecuteSynchronously);
            held.Set();
            Check.True(await next != caller, "the continuation ran on the thread of the call");
        }

        public static async Task What_flows_into_a_task_of_the_pool_flows_into_a_call()
        {
            var local = new AsyncLocal<string> { Value = "mine" };
            Check.Equal("mine", await CallThreads.Run(() => local.Value, CancellationToken.None));
            local.Value = "next";
            Check.Equal("next", await CallThreads.Run(() => local.Value, CancellationToken.None));
        }

        private static TigerGraphConnection Connect(SilentServer server) =>
            new TigerGraphConnection(
                new ConnectionOptions { Host = server.Url, Secret = "abcdefghijkl", ServerVersion = "4.2" });

        private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

        private static int Threads() => Directory.GetFileSystemEntries("/proc/self/task").Length;

        private static async Task FallsTo(int most, TimeSpan within)
        {
            var watch = Stopwatch.StartNew();
            while (Threads() > most && watch.Elapsed < within)
            {
                await Task.Delay(20);
            }
            Check.True(Threads() <= most, $"{Threads()} threads are left, {most} may be");
        }

        /// <summary>A timer that fires every 20 ms, and the longest time that it did not.</summary>
        private sealed class Ticks : IDisposable
        {
            private readonly Stopwatch _watch = Stopwatch.StartNew();
            private readonly Timer _timer;
            private TimeSpan _last;
            private TimeSpan _longest;
            private int _count;

            public Ticks() => _timer = new Timer(_ => Tick(), null, 20, 20);

            public TimeSpan Longest
            {
                get
                {
                    lock (_watch)
                    {
                        return Max(_longest, _watch.Elapsed - _last);
                    }
                }
            }

            public int Count => Volatile.Read(ref _count);

            public void Dispose() => _timer.Dispose();

            private void Tick()
            {
                lock (_watch)
                {
                    TimeSpan now = _watch.Elapsed;
                    _longest = Max(_longest, now - _last);
                    _last = now;
                    _count++;
                }
            }
        }
    }
}
