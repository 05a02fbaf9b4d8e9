using System;

namespace TigerGraphAuth
{
    /// <summary>
    /// To be thrown by a <see cref="ConnectionOptions.TokenProvider"/> that has no token: says why, whether that is a
    /// refusal, and when to ask again.
    /// </summary>
    public sealed class TokenProviderException : Exception
    {
        /// <summary>There is no token.</summary>
        /// <param name="message">Why. At most 256 bytes of it become part of the message of the
        /// <see cref="TigerGraphAuthException"/> that callers get, without the connection's credentials and what looks
        /// like one.</param>
        /// <param name="refused">Whether whoever gives tokens refuses this program: callers get the reason
        /// <c>provider.refused</c>, and the provider is not asked again for about 30 seconds. Otherwise they get
        /// <c>provider.unavailable</c>, and it is asked again after half a second, then later and later.</param>
        /// <param name="retryAfter">Ask again not before that, if it is longer; an hour at most. Null: not known.</param>
        /// <param name="innerException">What caused it; stays on the provider's side.</param>
        public TokenProviderException(
            string message, bool refused = false, TimeSpan? retryAfter = null, Exception? innerException = null)
            : base(message, innerException)
        {
            Refused = refused;
            RetryAfter = retryAfter;
        }

        /// <summary>Whether whoever gives tokens refuses this program.</summary>
        public bool Refused { get; }

        /// <summary>How long to wait before the provider is asked again; null if that is not known.</summary>
        public TimeSpan? RetryAfter { get; }
    }
}
