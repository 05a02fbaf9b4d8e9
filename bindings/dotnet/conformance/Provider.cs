using System;
using System.Globalization;
using System.Threading;

namespace TigerGraphAuth.Conformance
{
    /// <summary>Brings what the scenario has it answer, one call after the other; the last answer stays.</summary>
    internal sealed class Provider
    {
        private readonly object _lock = new object();
        private readonly string[] _answers;
        private readonly Func<TigerGraphConnection> _connection;
        private int _calls;
        private bool _hadTime;
        private bool _wasCancelled;

        /// <param name="answers">The answers.</param>
        /// <param name="connection">Gives the connection that it brings tokens for.</param>
        public Provider(string[] answers, Func<TigerGraphConnection> connection)
        {
            _answers = answers;
            _connection = connection;
        }

        public ProvidedToken Provide(TokenProviderRequest request)
        {
            lock (_lock)
            {
                string[] answer = _answers[Math.Min(_calls++, _answers.Length - 1)].Split(' ', 3);
                _hadTime = request.TimeLeft > TimeSpan.Zero;
                while (answer[0] == "wait" && !request.IsCancelled)
                {
                    Thread.Sleep(5);
                }
                _wasCancelled = request.IsCancelled;
                return Give(answer[0], long.Parse(answer[1], CultureInfo.InvariantCulture), answer[2]);
            }
        }

        /// <summary>Once it has answered: how often it was asked, and what its last request was like.</summary>
        public Fields Calls()
        {
            lock (_lock)
            {
                return new Fields("ok").Add("calls", _calls)
                    .Add("had_time", _hadTime ? 1 : 0).Add("cancelled", _wasCancelled ? 1 : 0);
            }
        }

        private ProvidedToken Give(string kind, long number, string words)
        {
            switch (kind)
            {
                case "token":
                    return new ProvidedToken(
                        words, number == 0 ? (DateTimeOffset?)null : DateTimeOffset.UtcNow.AddSeconds(number));
                case "within":
                    throw new TokenProviderException(ReasonFromWithin());
                default:
                    throw new TokenProviderException(
                        words, kind == "refused", number < 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(number));
            }
        }

        /// <summary>Why a call of the provider's own connection fails.</summary>
        private string ReasonFromWithin()
        {
            try
            {
                _connection().GetAuthorization().Dispose();
                return "none";
            }
            catch (TigerGraphAuthException e)
            {
                return e.Reason;
            }
        }
    }
}
