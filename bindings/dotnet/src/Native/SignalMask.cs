using System;
using System.Runtime.InteropServices;

namespace TigerGraphAuth
{
    /// <summary>
    /// The signals that a thread blocks. A thread of the library blocks all of them, and whatever is started on it
    /// would inherit that: threads of the pool, which the runtime then cannot stop by a signal, and processes, which
    /// nobody could end by one. So what the program has the library call runs with the signals of a thread of the
    /// program.
    /// </summary>
    internal sealed class SignalMask
    {
        private static readonly bool IsLinux = RuntimeInformation.IsOSPlatform(OSPlatform.Linux);
        private static readonly bool HasSignals = IsLinux || RuntimeInformation.IsOSPlatform(OSPlatform.OSX);

        // SIG_SETMASK of each.
        private static readonly int Replace = IsLinux ? 2 : 3;

        // No set of signals is larger.
        private readonly byte[] _signals = new byte[128];

        private SignalMask()
        {
        }

        /// <summary>What this thread blocks.</summary>
        public static SignalMask OfThread()
        {
            var current = new SignalMask();
            if (HasSignals)
            {
                pthread_sigmask(Replace, null, current._signals);
            }
            return current;
        }

        /// <summary>Blocks these on this thread, and gives back what it blocked until now.</summary>
        public SignalMask Swap()
        {
            var before = new SignalMask();
            if (HasSignals)
            {
                pthread_sigmask(Replace, _signals, before._signals);
            }
            return before;
        }

        [DllImport("libc")]
        private static extern int pthread_sigmask(int how, byte[]? signals, byte[]? before);
    }
}
