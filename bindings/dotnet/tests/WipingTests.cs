using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace TigerGraphAuth.Tests
{
    /// <summary>
    /// What native code gets is wiped. A string of .NET is UTF-16, so a secret in UTF-8 is a copy that the package or
    /// the library made: none is left in the memory of a process that is done with it.
    /// </summary>
    internal static class WipingTests
    {
        public static void No_copy_of_a_secret_is_left(Standin standin)
        {
            string told = ChildProcess.Run($"wiping {standin.Url} {standin.CaFile}", new Dictionary<string, string?>());
            Check.Equal("planted: found\nafterwards: 0", told);
        }

        internal static int Child(string url, string? caFile)
        {
            byte[] masked = Canary().Select(c => Mask((byte)c)).ToArray();
            Use(url, caFile);
            UseElsewhere(url, caFile);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            int left = Count(masked);
            IntPtr planted = Marshal.AllocHGlobal(masked.Length);
            for (int i = 0; i < masked.Length; i++)
            {
                Marshal.WriteByte(planted, i, Mask(masked[i]));
            }
            Console.WriteLine($"planted: {(Count(masked) > left ? "found" : "not found")}");
            Console.WriteLine($"afterwards: {left}");
            return 0;
        }

        /// <summary>Every way for a secret into the library: settings, and arguments of calls that fail.</summary>
        private static void Use(string url, string? caFile)
        {
            var options = new ConnectionOptions { Host = url, CaFile = caFile, Secret = Canary() };
            using var connection = new TigerGraphConnection(options);
            Check.Throws<TigerGraphAuthException>(() => connection.GetAuthorization());
            Check.Throws<TigerGraphAuthException>(() => connection.GetToken(Canary()));
            Check.Throws<TigerGraphAuthException>(() => connection.DeleteToken(Canary(), Canary()));
        }

        /// <summary>The same for logins with tokens that others give.</summary>
        private static void UseElsewhere(string url, string? caFile)
        {
            var client = new OAuth2Options { TokenUrl = url, ClientId = "client", ClientSecret = Canary() };
            client.Parameters["assertion"] = Canary();
            using var oauth2 = new TigerGraphConnection(
                new ConnectionOptions { Host = url, CaFile = caFile, OAuth2 = client });
            Check.Throws<TigerGraphAuthException>(() => oauth2.GetAuthorization());
            if (Check.IsMono)
            {
                return;
            }
            using var provided = new TigerGraphConnection(new ConnectionOptions
            {
                Host = url, CaFile = caFile, TokenProvider = _ => new ProvidedToken(Canary()),
            });
            provided.GetAuthorization().Dispose();
        }

        private static string Canary() =>
            string.Concat(Enumerable.Range(0, 64).Select(i => (char)('a' + (i * 7 % 26))));

        private static byte Mask(byte plain) => (byte)(plain ^ 0x55);

        /// <summary>How often it is in the writable memory of this process. It is given masked, not to be found itself.
        /// </summary>
        private static int Count(byte[] masked)
        {
            int count = 0;
            using FileStream memory = File.OpenRead("/proc/self/mem");
            foreach (string map in File.ReadAllLines("/proc/self/maps").Where(line => line.Contains(" rw")))
            {
                long[] ends = map.Split(' ')[0].Split('-')
                    .Select(end => long.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
                count += Count(memory, ends[0], ends[1], masked);
            }
            return count;
        }

        private static int Count(FileStream memory, long start, long end, byte[] masked)
        {
            // Of the tail: what is freed loses its first bytes to the allocator.
            byte[] tail = masked.Skip(masked.Length / 2).ToArray();
            var chunk = new byte[1 << 16];
            int count = 0;
            for (long at = start; at < end; at += chunk.Length - tail.Length)
            {
                memory.Seek(at, SeekOrigin.Begin);
                int read;
                try
                {
                    read = memory.Read(chunk, 0, (int)Math.Min(chunk.Length, end - at));
                }
                catch (IOException)
                {
                    // Not to be read, such as the kernel's own pages.
                    return count;
                }
                for (int i = 0; i + tail.Length <= read; i++)
                {
                    count += Matches(chunk, i, tail) ? 1 : 0;
                }
            }
            Array.Clear(chunk, 0, chunk.Length);
            return count;
        }

        private static bool Matches(byte[] chunk, int at, byte[] masked)
        {
            for (int i = 0; i < masked.Length; i++)
            {
                if (chunk[at + i] != Mask(masked[i]))
                {
                    return false;
                }
            }
            return true;
        }
    }
}
