using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;

namespace TigerGraphAuth.Tests
{
    /// <summary>100 000 calls without growth of memory or of open files, and a leak that is noticed.</summary>
    internal static class LeakTests
    {
        private const int Calls = 100_000;
        private const long AllowedInUse = 1 << 19;
        private const long AllowedResident = 8 << 20;

        public static void A_hundred_thousand_calls_leak_nothing()
        {
            Dictionary<string, long> grown = Measure(string.Empty);
            Check.True(grown["native"] < AllowedInUse, $"{grown["native"]} bytes more are in use by native code");
            Check.True(grown["managed"] < AllowedInUse, $"{grown["managed"]} bytes more are in use by managed code");
            Check.True(grown["resident"] < AllowedResident, $"the process is {grown["resident"]} bytes larger");
            Check.True(grown["files"] <= 2, $"{grown["files"]} files more are open");
        }

        /// <summary>
        /// The same, with handles that are never freed: more of them than the megabyte by which the memory of CoreCLR
        /// itself shrinks in some runs.
        /// </summary>
        public static void A_planted_leak_is_noticed()
        {
            Dictionary<string, long> grown = Measure(" plant");
            Check.True(grown["native"] > AllowedInUse, $"only {grown["native"]} bytes more are in use by native code");
        }

        /// <summary>Makes the calls in two halves, and says by how much the second half grew.</summary>
        internal static int Child(bool plant)
        {
            using Standin standin = Standin.Start("4.2", tls: false);
            using TigerGraphConnection connection = standin.Connect();
            connection.GetAuthorization().Dispose();
            Make(standin, connection, Calls, leak: false);
            long[] before = Figures();
            Make(standin, connection, Calls, plant);
            long[] after = Figures();
            string[] names = { "resident", "native", "managed", "files" };
            for (int i = 0; i < names.Length; i++)
            {
                Console.WriteLine($"{names[i]} {before[i]} {after[i]}");
            }
            return 0;
        }

        /// <summary>In a process of its own, with small nurseries, so that garbage does not look like growth.</summary>
        private static Dictionary<string, long> Measure(string arguments)
        {
            string told = ChildProcess.Run("leaks" + arguments, new Dictionary<string, string?>
            {
                ["COMPlus_GCgen0size"] = "400000",
                ["COMPlus_TieredCompilation"] = "0",
                ["MONO_GC_PARAMS"] = "nursery-size=1m",
            });
            var grown = new Dictionary<string, long>();
            foreach (string line in told.Split('\n'))
            {
                string[] figures = line.Split(' ');
                Console.WriteLine($"        {Calls} calls{arguments}: {figures[0]} {figures[1]} -> {figures[2]}");
                grown[figures[0]] = long.Parse(figures[2]) - long.Parse(figures[1]);
            }
            return grown;
        }

        private static void Make(Standin standin, TigerGraphConnection connection, int calls, bool leak)
        {
            using var source = new CancellationTokenSource();
            for (int i = 0; i < calls; i++)
            {
                switch (i % 100)
                {
                    case 0:
                        Check.Throws<TigerGraphAuthException>(() => connection.GetToken(options: (TokenOptions)64));
                        break;
                    case 10:
                        Check.Throws<TigerGraphAuthException>(
                            () => new TigerGraphConnection(new ConnectionOptions { Host = "ftp://h" }));
                        break;
                    case 20 when i % 1000 == 20:
                        using (TigerGraphConnection fresh = standin.Connect(o => o.Log = (level, text) => { }))
                        {
                            fresh.GetToken(cancellationToken: source.Token).Dispose();
                        }
                        break;
                    case 30:
                        connection.Diagnose(offline: true);
                        break;
                    case 40:
                        var refused = new DatabaseRequest("POST", "echo") { Body = new byte[1024] };
                        Check.Throws<TigerGraphAuthException>(() => connection.Send(refused));
                        break;
                    case 50:
                        using (DatabaseResponse response = connection.Send(new DatabaseRequest("GET", "/echo")))
                        {
                            Check.True(response.Text().Length > 0, "there is no answer");
                        }
                        break;
                    case 60 when i % 1000 == 60 && !Check.IsMono:
                        using (TigerGraphConnection provided = standin.Connect(o =>
                        {
                            o.Secret = null;
                            o.TokenProvider = request => request.CancellationToken.IsCancellationRequested
                                ? throw new TokenProviderException("too late")
                                : new ProvidedToken("a-token-of-the-program");
                        }))
                        {
                            provided.GetAuthorization().Dispose();
                        }
                        break;
                    case int n when n % 10 == 1:
                        connection.GetAuthorization(source.Token).Dispose();
                        break;
                    case int n when n % 10 == 3:
                        using (TigerGraphConnection other = connection.WithTimeout(TimeSpan.FromSeconds(1)))
                        {
                            other.CurrentToken().Dispose();
                        }
                        for (int leaked = 0; leak && leaked < 5; leaked++)
                        {
                            Leak(connection.WithTimeout(TimeSpan.FromSeconds(1)));
                        }
                        break;
                    case int n when n % 10 == 5:
                        // Left to the finalizer.
                        connection.CurrentToken();
                        break;
                    default:
                        using (Token token = connection.GetAuthorization())
                        {
                            Check.Equal("Bearer ", token.Header.Substring(0, 7));
                        }
                        break;
                }
            }
        }

        /// <summary>Holds a handle for ever, as if nobody had disposed of it.</summary>
        private static void Leak(TigerGraphConnection connection)
        {
            FieldInfo handle = typeof(TigerGraphConnection)
                .GetField("_handle", BindingFlags.NonPublic | BindingFlags.Instance)!;
            bool held = false;
            ((SafeHandle)handle.GetValue(connection)!).DangerousAddRef(ref held);
        }

        /// <summary>Resident memory, memory in use by native and by managed code, and open files.</summary>
        private static long[] Figures()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS:"));
            MallocInfo info = mallinfo2();
            return new[]
            {
                long.Parse(new string(line.Where(char.IsDigit).ToArray())) << 10,
                (long)(ulong)info.InUse + (long)(ulong)info.Mapped,
                GC.GetTotalMemory(forceFullCollection: true),
                Directory.GetFileSystemEntries("/proc/self/fd").Length,
            };
        }

        [DllImport("libc.so.6")]
        private static extern MallocInfo mallinfo2();

        [StructLayout(LayoutKind.Sequential)]
        private struct MallocInfo
        {
            public UIntPtr Arena;
            public UIntPtr FreeChunks;
            public UIntPtr FastChunks;
            public UIntPtr MappedChunks;
            public UIntPtr Mapped;
            public UIntPtr MostAllocated;
            public UIntPtr FastFree;
            public UIntPtr InUse;
            public UIntPtr Free;
            public UIntPtr Releasable;
        }
    }
}
