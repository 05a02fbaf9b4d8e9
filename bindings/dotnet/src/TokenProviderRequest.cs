using System;
using System.Threading;

namespace TigerGraphAuth
{
    /// <summary>
    /// One request to a <see cref="ConnectionOptions.TokenProvider"/>. For any number of threads; once the provider has
    /// returned, no time is left and the request counts as cancelled.
    /// </summary>
    public sealed class TokenProviderRequest
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

        private readonly object _lock = new object();
        private IntPtr _request;
        private CancellationTokenSource? _cancelled;
        private Timer? _watch;

        internal TokenProviderRequest(IntPtr request) => _request = request;

        /// <summary>
        /// The time that is left for the token: that of the call that needs it, or for a renewal
        /// <see cref="ConnectionOptions.TotalTimeout"/>. Zero if it is cancelled.
        /// </summary>
        public TimeSpan TimeLeft
        {
            get
            {
                lock (_lock)
                {
                    return _request == IntPtr.Zero
                        ? TimeSpan.Zero
                        : Duration.FromMilliseconds(NativeMethods.tg_provider_request_time_left_ms(_request));
                }
            }
        }

        /// <summary>
        /// Whether nobody waits for the token any more: the last caller was cancelled, the connection was disposed of,
        /// or the time is over.
        /// </summary>
        public bool IsCancelled
        {
            get
            {
                lock (_lock)
                {
                    return _request == IntPtr.Zero || NativeMethods.tg_provider_request_is_cancelled(_request) != 0;
                }
            }
        }

        /// <summary>
        /// Is cancelled when <see cref="IsCancelled"/> becomes true, within a moment. For what the provider calls. What
        /// its registered callbacks throw is ignored.
        /// </summary>
        public CancellationToken CancellationToken
        {
            get
            {
                lock (_lock)
                {
                    if (_request == IntPtr.Zero)
                    {
                        return _cancelled?.Token ?? new CancellationToken(canceled: true);
                    }
                    if (_cancelled == null)
                    {
                        _cancelled = new CancellationTokenSource();
                        _watch = new Timer(_ => Watch(), null, TimeSpan.Zero, Interval);
                    }
                    return _cancelled.Token;
                }
            }
        }

        /// <summary>To be called before the provider's function returns to the library, which frees the request then.
        /// </summary>
        internal void Close()
        {
            lock (_lock)
            {
                _request = IntPtr.Zero;
                _watch?.Dispose();
            }
        }

        /// <summary>The library tells nobody of a cancellation, so it is asked again and again.</summary>
        private void Watch()
        {
            CancellationTokenSource cancelled;
            lock (_lock)
            {
                if (_request == IntPtr.Zero || NativeMethods.tg_provider_request_is_cancelled(_request) == 0)
                {
                    return;
                }
                _watch!.Dispose();
                cancelled = _cancelled!;
            }
            try
            {
                cancelled.Cancel();
            }
            catch (AggregateException)
            {
                // On a thread of the pool it would end the process.
            }
        }
    }
}
