using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    internal sealed class CheckFailed : Exception
    {
        public CheckFailed(string message)
            : base(message)
        {
        }
    }

    internal static class Check
    {
        public static bool IsMono { get; } = Type.GetType("Mono.Runtime") != null;

        public static void True(bool condition, string what)
        {
            if (!condition)
            {
                throw new CheckFailed(what);
            }
        }

        public static void Equal<T>(T expected, T found) =>
            True(
                EqualityComparer<T>.Default.Equals(expected, found),
                $"expected {expected?.ToString() ?? "null"}, found {found?.ToString() ?? "null"}");

        public static void Contains(string part, string text) =>
            True(text.Contains(part), $"\"{part}\" is not in: {text}");

        public static void Lacks(string part, string text) => True(!text.Contains(part), $"\"{part}\" is in: {text}");

        public static TException Throws<TException>(Action action)
            where TException : Exception
        {
            try
            {
                action();
            }
            catch (TException e)
            {
                return e;
            }
            throw new CheckFailed($"no {typeof(TException).Name} was thrown");
        }

        public static async Task<TException> ThrowsAsync<TException>(Func<Task> action)
            where TException : Exception
        {
            try
            {
                await action().ConfigureAwait(false);
            }
            catch (TException e)
            {
                return e;
            }
            throw new CheckFailed($"no {typeof(TException).Name} was thrown");
        }

        public static TigerGraphAuthException Fails(TigerGraphAuthStatus status, string reason, Action action)
        {
            TigerGraphAuthException e = Throws<TigerGraphAuthException>(action);
            Equal(status, e.Status);
            Equal(reason, e.Reason);
            return e;
        }
    }
}
