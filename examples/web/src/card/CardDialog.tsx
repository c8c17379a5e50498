import { useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { useQuery } from 'urql';
import { type BoardRole, graphql, readFragment } from '../api/graphql';
import { CARD_TILE } from '../board/CardTile';
import { COLUMNS } from '../model/columns';
import type { LabelData } from '../model/labels';
import { useMoveCard } from '../board/useMoveCard';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Confirm } from '../ui/Confirm';
import { Dialog } from '../ui/Dialog';
import { useNotifyingAction } from '../ui/useNotifyingAction';
import { CardActivity } from './CardActivity';
import { CardLabels } from './CardLabels';
import { CardText } from './CardText';
import { Comments } from './Comments';

const CARD = graphql(
  `
  query Card($cardId: ID!) {
    card(id: $cardId) { id description ...CardTile }
  }
`,
  [CARD_TILE],
);

const DELETE_CARD = graphql(`
  mutation DeleteCard($input: DeleteCardInput!) {
    deleteCard(input: $input) { deletedCardId board { id } }
  }
`);

interface Props {
  cardId: string;
  labels: readonly LabelData[];
  role: BoardRole;
  onClose: () => void;
}

/** Everything about one card. */
export function CardDialog({ cardId, labels, role, onClose }: Props) {
  const [{ data, fetching }] = useQuery({ query: CARD, variables: { cardId }, requestPolicy: 'cache-and-network' });
  const [isAsking, setAsking] = useState(false);
  const remove = useNotifyingAction(DELETE_CARD);
  const move = useMoveCard();
  const canEdit = role !== 'VIEWER';

  if (!data?.card) {
    return (
      <Dialog title={fetching ? 'Loading…' : 'There is no such card'} onClose={onClose}>
        {!fetching && <p>It does not exist any more, or you may not see it.</p>}
      </Dialog>
    );
  }
  const { description } = data.card;
  const card = readFragment(CARD_TILE, data.card);
  return (
    <Dialog title={card.title} size="large" onClose={onClose}>
      <div className="card-dialog">
        <div className="card-main">
          <CardText card={card} description={description} canEdit={canEdit} />
          <Tabs className="tabs">
            <TabList aria-label="Comments and activity" className="tab-list">
              <Tab id="comments">Comments</Tab>
              <Tab id="activity">Activity</Tab>
            </TabList>
            <TabPanel id="comments">
              <Comments cardId={cardId} canEdit={canEdit} />
            </TabPanel>
            <TabPanel id="activity">
              <CardActivity cardId={cardId} />
            </TabPanel>
          </Tabs>
        </div>
        <aside className="card-side" aria-label="Properties">
          {canEdit ? (
            <Choice
              label="Column"
              value={card.column}
              options={COLUMNS.map(({ column, name }) => ({ value: column, name }))}
              onChange={(column) => column !== card.column && void move(card, { column })}
            />
          ) : (
            <p>{COLUMNS.find(({ column }) => column === card.column)?.name}</p>
          )}
          <CardLabels card={card} labels={labels} canEdit={canEdit} />
          {canEdit && (
            <Button kind="danger" onPress={() => setAsking(true)}>
              Delete card
            </Button>
          )}
        </aside>
      </div>
      {isAsking && (
        <Confirm
          title="Delete this card?"
          text={`“${card.title}” moves to the trash, where you can restore it.`}
          action="Delete card"
          onConfirm={() => {
            void remove({ cardId });
            onClose();
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </Dialog>
  );
}
