using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

namespace TigerGraphAuth
{
    /// <summary>
    /// Passes the library's requests for tokens on to a delegate, which is kept alive until the library releases it.
    /// </summary>
    internal static class NativeTokenProvider
    {
        // In static fields, so that they are never collected.
        private static readonly NativeMethods.ProviderFunction Function = Provide;
        private static readonly NativeMethods.ReleaseFunction Release = Free;

        public static void Set(ConfigHandle config, Func<TokenProviderRequest, ProvidedToken> provider)
        {
            if (NativeMethods.IsMono)
            {
                // Its collector signals every thread that has entered, and waits for ever for one that enters just now
                // with blocked signals, as those of the library do.
                throw new PlatformNotSupportedException(
                    "Mono cannot run a token provider on a thread of the library without danger: use .NET, or a JwtFile.");
            }
            NativeMethods.tg_config_set_token_provider(
                config, Function, GCHandle.ToIntPtr(GCHandle.Alloc((provider, SignalMask.OfThread()))), Release);
        }

        /// <summary>Called by native code, which no exception may reach. Without an answer the library says so.
        /// </summary>
        private static void Provide(IntPtr request, IntPtr userData)
        {
            try
            {
                var (provider, signals) =
                    ((Func<TokenProviderRequest, ProvidedToken>, SignalMask))GCHandle.FromIntPtr(userData).Target!;
                SignalMask own = signals.Swap();
                try
                {
                    Answer(request, provider);
                }
                finally
                {
                    own.Swap();
                }
            }
            catch (Exception)
            {
                // Such as that there is no memory.
            }
        }

        private static void Answer(IntPtr request, Func<TokenProviderRequest, ProvidedToken> provider)
        {
            var asked = new TokenProviderRequest(request);
            try
            {
                ProvidedToken? token = provider(asked);
                if (token == null)
                {
                    Fail(request, TigerGraphAuthStatus.Unavailable, "it returned null", null);
                    return;
                }
                SetToken(request, token);
            }
            catch (TokenProviderException e)
            {
                var status = e.Refused ? TigerGraphAuthStatus.Unauthenticated : TigerGraphAuthStatus.Unavailable;
                Fail(request, status, e.Message, e.RetryAfter);
            }
            catch (TigerGraphAuthException e)
            {
                Fail(request, e.Status, e.Message, e.RetryAfter);
            }
            catch (Exception e)
            {
                // Of what others wrote nobody knows whether it may be shown.
                Fail(request, TigerGraphAuthStatus.Unavailable, $"it threw an exception: {InWords(e.GetType())}", null);
            }
            finally
            {
                asked.Close();
            }
        }

        /// <summary>What the library refuses, those who wait are told, if there are any.</summary>
        private static void SetToken(IntPtr request, ProvidedToken token)
        {
            // The library refuses what a token may not have in it. What a text of C cannot have need not get there.
            bool isAscii = token.Value.All(character => character > '\0' && character < '\x80');
            using var value = new NativeText(isAscii ? token.Value : "?", nameof(token));
            // 0 would be "unknown".
            long expiresAt = token.ExpiresAt == null ? 0 : Math.Max(1, token.ExpiresAt.Value.ToUnixTimeSeconds());
            NativeMethods.tg_provider_request_set_token(request, value.Pointer, expiresAt, IntPtr.Zero);
        }

        private static void Fail(
            IntPtr request, TigerGraphAuthStatus status, string message, TimeSpan? retryAfter)
        {
            // With a replacement for what is no text in UTF-8 or in C.
            string sendable = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(message)).Replace('\0', '\ufffd');
            using var text = new NativeText(sendable, nameof(message));
            long milliseconds = retryAfter == null ? -1 : (long)Math.Ceiling(retryAfter.Value.TotalMilliseconds);
            NativeMethods.tg_provider_request_fail(request, (int)status, text.Pointer, milliseconds, IntPtr.Zero);
        }

        /// <summary>Invalid Operation Exception: in one word it would be hidden, as a credential.</summary>
        private static string InWords(Type type) => Regex.Replace(type.Name, "(?<=[a-z0-9])(?=[A-Z])", " ");

        private static void Free(IntPtr userData) => GCHandle.FromIntPtr(userData).Free();
    }
}
