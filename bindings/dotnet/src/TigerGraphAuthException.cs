using System;

namespace TigerGraphAuth
{
    /// <summary>
    /// A call failed: a status to act on, a stable reason, a sentence for a person, and a hint what to do.
    /// Contains no credential, so it may be logged.
    /// </summary>
    public sealed class TigerGraphAuthException : Exception
    {
        private TigerGraphAuthException(ErrorHandle error)
            : base(OwnWords.In(NativeText.Read(NativeMethods.tg_error_message(error))))
        {
            Status = (TigerGraphAuthStatus)NativeMethods.tg_error_status(error);
            Reason = NativeText.Read(NativeMethods.tg_error_reason(error));
            string hint = NativeText.Read(NativeMethods.tg_error_hint(error));
            Hint = hint.Length == 0 ? null : OwnWords.In(hint);
            ServerCode = NativeText.ReadOrNull(NativeMethods.tg_error_server_code(error));
            int httpStatus = NativeMethods.tg_error_http_status(error);
            HttpStatus = httpStatus == 0 ? (int?)null : httpStatus;
            long retryAfter = NativeMethods.tg_error_retry_after_ms(error);
            RetryAfter = retryAfter < 0 ? (TimeSpan?)null : Duration.FromMilliseconds(retryAfter);
        }

        /// <summary>What a program can do about it.</summary>
        public TigerGraphAuthStatus Status { get; }

        /// <summary>
        /// What exactly happened, as a stable word such as <c>tls.unknown_issuer</c>. Later versions may add reasons.
        /// </summary>
        public string Reason { get; }

        /// <summary>What to do about it, for a person; null if there is nothing to say.</summary>
        public string? Hint { get; }

        /// <summary>The server's own code, such as <c>REST-10016</c>; null if it gave none.</summary>
        public string? ServerCode { get; }

        /// <summary>The HTTP status of the answer; null if there was no answer.</summary>
        public int? HttpStatus { get; }

        /// <summary>
        /// How long to wait before the next try: as the server asked, or, from
        /// <see cref="TigerGraphConnection.GetAuthorization"/>, until the library itself tries again. Null if neither is
        /// known.
        /// </summary>
        public TimeSpan? RetryAfter { get; }

        /// <summary>The message with reason, hint and stack.</summary>
        /// <returns>Text for a log.</returns>
        public override string ToString() =>
            Hint == null
                ? $"{base.ToString()}{Environment.NewLine}Reason: {Reason}"
                : $"{base.ToString()}{Environment.NewLine}Reason: {Reason}{Environment.NewLine}Hint: {Hint}";

        /// <summary>Takes over the error of a call that failed; does nothing after a call that succeeded.</summary>
        internal static void ThrowIfFailed(int status, IntPtr error)
        {
            if (status == (int)TigerGraphAuthStatus.Ok)
            {
                return;
            }
            using var owned = new ErrorHandle(error);
            throw new TigerGraphAuthException(owned);
        }
    }
}
