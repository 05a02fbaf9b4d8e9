using System;

namespace TigerGraphAuth
{
    /// <summary>Times of .NET and times of the library.</summary>
    internal static class Duration
    {
        private const long MaxMilliseconds = long.MaxValue / TimeSpan.TicksPerMillisecond;

        /// <summary>Whole seconds; a fraction counts as one, so that a short time is never "the default".</summary>
        public static long Seconds(TimeSpan? time) => Units(time ?? TimeSpan.Zero, TimeSpan.TicksPerSecond);

        /// <summary>Whole milliseconds, in the same way.</summary>
        public static uint Milliseconds(TimeSpan? time, string name)
        {
            long milliseconds = Units(time ?? TimeSpan.Zero, TimeSpan.TicksPerMillisecond);
            if (milliseconds < 0 || milliseconds > uint.MaxValue)
            {
                throw new ArgumentOutOfRangeException(name, time, "A time limit is from 0 (the default) to 49 days.");
            }
            return (uint)milliseconds;
        }

        public static TimeSpan FromMilliseconds(long milliseconds) =>
            milliseconds > MaxMilliseconds
                ? TimeSpan.MaxValue
                : TimeSpan.FromTicks(milliseconds * TimeSpan.TicksPerMillisecond);

        public static DateTimeOffset SinceEpoch(long seconds) =>
            seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                ? DateTimeOffset.MaxValue
                : DateTimeOffset.FromUnixTimeSeconds(seconds);

        private static long Units(TimeSpan time, long ticks) =>
            (time.Ticks / ticks) + Math.Sign(time.Ticks % ticks);
    }
}
