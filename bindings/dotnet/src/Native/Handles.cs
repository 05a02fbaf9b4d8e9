using System;
using System.Runtime.InteropServices;

namespace TigerGraphAuth
{
    /// <summary>
    /// Owns one object of the library. It is freed once, and not while a call on another thread still uses it.
    /// </summary>
    internal abstract class NativeHandle : SafeHandle
    {
        protected NativeHandle()
            : base(IntPtr.Zero, ownsHandle: true)
        {
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        public void ThrowIfClosed(string name)
        {
            if (IsClosed)
            {
                throw new ObjectDisposedException(name);
            }
        }

        /// <summary>Copies something borrowed, which another thread's Dispose must not free meanwhile.</summary>
        public T Read<T>(string name, Func<T> read)
        {
            ThrowIfClosed(name);
            bool held = false;
            try
            {
                DangerousAddRef(ref held);
                return read();
            }
            finally
            {
                if (held)
                {
                    DangerousRelease();
                }
            }
        }
    }

    internal sealed class ConfigHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_config_free(handle);
            return true;
        }
    }

    internal sealed class ConnectionHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_conn_free(handle);
            return true;
        }
    }

    internal sealed class SecretsHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_secrets_free(handle);
            return true;
        }
    }

    internal sealed class TokenHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_token_free(handle);
            return true;
        }
    }

    internal sealed class RequestHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_request_free(handle);
            return true;
        }
    }

    internal sealed class ResponseHandle : NativeHandle
    {
        private long _told;

        /// <summary>Responses that nobody disposes of fill memory that the collector of CoreCLR would not see.</summary>
        public void TellCollector(long length)
        {
            if (length > 0)
            {
                GC.AddMemoryPressure(length);
                _told = length;
            }
        }

        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_response_free(handle);
            if (_told > 0)
            {
                GC.RemoveMemoryPressure(_told);
            }
            return true;
        }
    }

    internal sealed class ReportHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_report_free(handle);
            return true;
        }
    }

    internal sealed class ErrorHandle : NativeHandle
    {
        public ErrorHandle(IntPtr error) => SetHandle(error);

        protected override bool ReleaseHandle()
        {
            NativeMethods.tg_error_free(handle);
            return true;
        }
    }
}
