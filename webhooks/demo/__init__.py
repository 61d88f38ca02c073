"""A quarter of a small bookshop in about a minute: the real service, simulated trackers, nothing outside this machine.

    story -> company -> simulated Jira and Azure DevOps -> webhooks -> the service -> fields in the trackers, and a page

`clock` is what time it is there, `teams` what people do in each tracker, `company` the people, `story` what happens when,
`stage` everything that runs. Nothing of the service knows that it is a demo.
"""
