using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth
{
    /// <summary>
    /// Runs each call that waits on a thread that does nothing else meanwhile. It is none of the pool: the timers and
    /// continuations of the whole program run there, and wait when its threads wait.
    /// </summary>
    internal sealed class CallThreads : TaskScheduler
    {
        /// <summary>How many threads wait for the next call; the others end after their own.</summary>
        internal const int MostIdle = 16;

        /// <summary>How long each of them waits.</summary>
        internal static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

        // As Task.Run, and nothing of the program's runs on these threads after the call.
        private const TaskCreationOptions Options =
            TaskCreationOptions.DenyChildAttach | TaskCreationOptions.HideScheduler
            | TaskCreationOptions.RunContinuationsAsynchronously;

        private static readonly CallThreads Instance = new CallThreads();

        // Each of these calls has a thread that is about to take it. The lock of this guards _idle too.
        private readonly Queue<Task> _calls = new Queue<Task>();
        private int _idle;

        private CallThreads()
        {
        }

        /// <summary>As Task.Run, on a thread of its own.</summary>
        public static Task<T> Run<T>(Func<T> call, CancellationToken cancellationToken) =>
            Task.Factory.StartNew(call, cancellationToken, Options, Instance);

        /// <inheritdoc cref="Run{T}"/>
        public static Task Run(Action call, CancellationToken cancellationToken) =>
            Task.Factory.StartNew(call, cancellationToken, Options, Instance);

        protected override void QueueTask(Task task)
        {
            lock (_calls)
            {
                _calls.Enqueue(task);
                if (_calls.Count <= _idle)
                {
                    Monitor.Pulse(_calls);
                    return;
                }
            }
            try
            {
                new Thread(Work) { IsBackground = true, Name = "TigerGraphAuth" }.Start();
            }
            catch (Exception)
            {
                // The system has no more threads; the pool has some.
                ThreadPool.UnsafeQueueUserWorkItem(_ => RunNext(TimeSpan.Zero), null);
            }
        }

        // A thread that waits for the result does not make the call itself.
        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks()
        {
            lock (_calls)
            {
                return _calls.ToArray();
            }
        }

        private void Work()
        {
            while (RunNext(IdleTime))
            {
            }
        }

        /// <summary>Runs the next call; false if none came in this time.</summary>
        private bool RunNext(TimeSpan patience)
        {
            Task call;
            lock (_calls)
            {
                if (_calls.Count == 0 && _idle < MostIdle)
                {
                    _idle++;
                    Monitor.Wait(_calls, patience);
                    _idle--;
                }
                // Also empty if another thread, which was just done with its call, was quicker.
                if (_calls.Count == 0)
                {
                    return false;
                }
                call = _calls.Dequeue();
            }
            TryExecuteTask(call);
            return true;
        }
    }
}
