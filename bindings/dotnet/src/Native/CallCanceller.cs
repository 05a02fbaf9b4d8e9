using System;
using System.Threading;

namespace TigerGraphAuth
{
    /// <summary>Stops the call that runs on a handle of its own, when its caller or the connection says so.</summary>
    internal sealed class CallCanceller : IDisposable
    {
        // A cancellation that comes a moment before the library begins with the call would go unnoticed. So it is
        // repeated until the call is over.
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

        private readonly ConnectionHandle _handle;
        private readonly Timer _again;
        private readonly CancellationTokenRegistration _caller;
        private readonly CancellationTokenRegistration _closing;

        public CallCanceller(ConnectionHandle handle, CancellationToken caller, CancellationToken closing)
        {
            _handle = handle;
            _again = new Timer(_ => Cancel(_handle), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _caller = caller.Register(Begin);
            _closing = closing.Register(Begin);
        }

        /// <summary>Stops what runs on a handle; nothing does once it is closed.</summary>
        public static void Cancel(ConnectionHandle handle)
        {
            try
            {
                NativeMethods.tg_conn_cancel(handle);
            }
            catch (ObjectDisposedException)
            {
                // The call was over before the timer noticed.
            }
        }

        /// <summary>To be called when the call is over. Waits for a cancellation that is just beginning.</summary>
        public void Dispose()
        {
            _caller.Dispose();
            _closing.Dispose();
            _again.Dispose();
        }

        private void Begin()
        {
            Cancel(_handle);
            _again.Change(Interval, Interval);
        }
    }
}
