using System;
using System.Runtime.InteropServices;

namespace TigerGraphAuth
{
    /// <summary>
    /// Passes the library's log lines on to a delegate, which is kept alive until the library releases it.
    /// </summary>
    internal static class NativeLog
    {
        // In static fields, so that they are never collected.
        private static readonly NativeMethods.LogFunction Line = WriteLine;
        private static readonly NativeMethods.ReleaseFunction Release = Free;

        public static void Set(ConfigHandle config, LogLevel level, Action<LogLevel, string> log) =>
            NativeMethods.tg_config_set_log(
                config, (int)level, Line, GCHandle.ToIntPtr(GCHandle.Alloc((log, SignalMask.OfThread()))), Release);

        private static void WriteLine(int level, IntPtr message, IntPtr userData)
        {
            try
            {
                var (log, signals) = ((Action<LogLevel, string>, SignalMask))GCHandle.FromIntPtr(userData).Target!;
                SignalMask own = signals.Swap();
                try
                {
                    log((LogLevel)level, NativeText.Read(message));
                }
                finally
                {
                    own.Swap();
                }
            }
            catch (Exception)
            {
                // The caller is native code, which no exception may reach. A log that fails stops nothing.
            }
        }

        private static void Free(IntPtr userData) => GCHandle.FromIntPtr(userData).Free();
    }
}
